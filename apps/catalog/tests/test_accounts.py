"""Accounts are seeded where the settings ask for them, and never in the showcase: their session keys are no secret."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.http import HttpRequest
from pytest_django import Settings

from apps.catalog import corpus
from apps.catalog.accounts import seed_accounts, wanted

pytestmark = pytest.mark.django_db


def visitor(number: int) -> User:
    """Whom Django takes the bearer of an account's session key for."""
    request = HttpRequest()
    request.session = SessionStore(corpus.account(number).session_key)
    return get_user(request)


@pytest.fixture
def asked_for(settings: Settings) -> Settings:
    settings.DISPOSABLE_DATABASE = True
    return settings


def test_the_showcase_gets_none_whatever_is_called() -> None:
    out = io.StringIO()
    assert not wanted()
    assert seed_accounts() is False
    call_command("seedcatalog", "--books", "1", stdout=out)
    assert (User.objects.count(), Session.objects.count(), Group.objects.count()) == (0, 0, 0)
    assert "accounts" not in out.getvalue()


@pytest.mark.usefixtures("asked_for")
def test_every_account_is_logged_in_and_clerks_may_view_orders() -> None:
    assert seed_accounts() is True
    assert (User.objects.count(), Session.objects.count()) == (1_000, 1_000)
    for number in (1, 9, 10, 11, 1_000):
        user = visitor(number)
        assert user.is_authenticated
        assert user.get_username() == corpus.account(number).username
        assert user.has_perm("catalog.view_order") == corpus.account(number).is_clerk == (number % 10 != 0)


@pytest.mark.usefixtures("asked_for")
def test_nobody_can_log_in_with_a_password_and_nobody_is_staff() -> None:
    seed_accounts()
    assert not any(user.has_usable_password() or user.is_staff or user.is_superuser for user in User.objects.all())


@pytest.mark.usefixtures("asked_for")
def test_seeding_again_does_nothing() -> None:
    seed_accounts()
    before = User.objects.order_by("pk").values_list("pk", flat=True)[0]
    assert seed_accounts() is False
    assert User.objects.filter(pk=before).exists()


def test_another_key_needs_other_signatures(asked_for: Settings) -> None:
    seed_accounts()
    asked_for.SECRET_KEY = "another key, as long as it is another"
    assert not visitor(1).is_authenticated
    assert seed_accounts() is True
    assert visitor(1).is_authenticated
    assert User.objects.count() == 1_000


@pytest.mark.usefixtures("asked_for")
def test_a_missing_session_is_seen_and_everybody_else_left_alone() -> None:
    somebody = User.objects.create_user("somebody")
    seed_accounts()
    Session.objects.filter(session_key=corpus.account(3).session_key).delete()
    assert seed_accounts() is True
    assert User.objects.get(username="somebody").pk == somebody.pk
    assert User.objects.count() == 1_001


@pytest.mark.usefixtures("asked_for")
def test_the_command_tells_of_accounts_where_they_are_asked_for() -> None:
    for state in ("seeded in", "already there"):
        out = io.StringIO()
        call_command("seedcatalog", "--books", "1", stdout=out)
        assert f"1,000 accounts: {state}" in out.getvalue()
