"""Signing in with a link that works once."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.results.operators import NAME, operator, sign_in_query, signed_in_by
from benchmarks.exceptions import UsageError

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prepared(settings: Any) -> None:
    """The tables are there, and another thread would wait for this test's transaction."""
    settings.PREPARES_ITSELF = False


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


def link(*words: str) -> str:
    out = StringIO()
    call_command("signinlink", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def press(browser: Client, page: str, **headers: str):
    """Press the button on the page that the link leads to."""
    shown = browser.get(page)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.content.decode()))
    return browser.post(urlsplit(page).path, fields, headers=headers)


def test_the_link_leads_to_a_button_and_the_button_signs_in(browser: Client):
    page = link()
    assert page.startswith("http://127.0.0.1:8000/sign-in/?token=")
    answer = press(browser, page)
    assert (answer.status_code, answer["Location"]) == (302, "/live/")
    shown = browser.get("/live/")
    assert "Start the race" in shown.content.decode()
    assert f"<span>{NAME}</span>" in shown.content.decode()


def test_looking_at_the_link_uses_nothing_up(browser: Client):
    page = link()
    for _ in range(3):
        shown = Client().get(page)
        assert shown.status_code == 200
        assert "sessionid" not in shown.cookies
    assert press(browser, page).status_code == 302


def test_the_page_is_kept_by_nobody_and_its_address_is_told_to_nobody(browser: Client):
    shown = browser.get(link())
    assert "no-store" in shown["Cache-Control"]
    assert shown["Referrer-Policy"] == "same-origin"


def test_a_link_works_once(browser: Client):
    page = link()
    press(browser, page)
    again = press(Client(enforce_csrf_checks=True), page)
    assert again.status_code == 403
    assert "manage.py signinlink" in again.content.decode()
    assert "sessionid" not in again.cookies


def test_a_link_that_is_older_than_ten_minutes(browser: Client, monkeypatch: pytest.MonkeyPatch):
    page = link()
    import sesame.tokens_v2 as tokens

    now = tokens.time.time()
    monkeypatch.setattr(tokens, "time", type("Clock", (), {"time": staticmethod(lambda: now + 601)}))
    assert press(browser, page).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "AAAAAQ", "é" * 50, "A" * 5000, "../../etc/passwd"])
def test_what_is_no_token_signs_nobody_in(token: str):
    operator()
    answer = Client().post("/sign-in/", {"token": token})
    assert answer.status_code == 403
    assert "sessionid" not in answer.cookies


def test_a_token_for_something_else_does_not_sign_in():
    from sesame.utils import get_token

    assert signed_in_by(get_token(operator())) is None


def test_without_a_token_the_page_says_where_one_comes_from(browser: Client):
    assert "manage.py signinlink" in browser.get("/sign-in/").content.decode()


def test_a_foreign_page_cannot_press_the_button(browser: Client):
    page = link()
    assert browser.post("/sign-in/", {"token": page.partition("=")[2]}).status_code == 403
    assert press(browser, page, origin="http://evil.example").status_code == 403
    assert press(browser, page, origin="http://testserver").status_code == 302


def test_signing_out(browser: Client):
    press(browser, link())
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/").status_code == 403
    shown = browser.get("/live/").content.decode()
    token = re.search(r'sign-out.*?value="([^"]+)"', shown).group(1)
    assert browser.post("/sign-out/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert "To start a race, sign in" in browser.get("/live/").content.decode()


def test_those_who_are_not_signed_in_cost_no_session(browser: Client):
    with CaptureQueriesContext(connection) as queries:
        shown = browser.get("/sign-in/")
    assert len(queries) == 0
    assert "Sign out" not in shown.content.decode()


def test_the_operator_is_made_once_and_has_no_password():
    link()
    link()
    user = User.objects.get(username=NAME)
    assert not user.has_usable_password()
    assert user.has_perm("results.start_run")
    assert not (user.is_staff or user.is_superuser)


def test_an_operator_who_had_a_password_keeps_it():
    User.objects.create_user(NAME, password="of old")
    link()
    assert User.objects.get(username=NAME).check_password("of old")


def test_an_operator_who_was_shut_out_stays_so():
    query = sign_in_query()
    User.objects.filter(username=NAME).update(is_active=False)
    with pytest.raises(UsageError, match="is not active"):
        operator()
    with pytest.raises(CommandError, match="is not active"):
        link()
    assert signed_in_by(query.partition("=")[2]) is None


def test_a_newer_sign_in_makes_older_links_useless():
    older = sign_in_query().partition("=")[2]
    User.objects.filter(username=NAME).update(last_login=timezone.now() - timedelta(seconds=1))
    assert signed_in_by(older) is None


def test_another_address():
    assert link("--base-url", "http://localhost:8080/").startswith("http://localhost:8080/sign-in/?token=")


@pytest.mark.parametrize(
    "url", ["8000", "ftp://x", "http://", "http://a/b", "http://u:p@h", "http://h:99999", "http://h?x=1"]
)
def test_what_is_no_address(url: str):
    with pytest.raises(CommandError, match="is not understood"):
        link("--base-url", url)


def test_of_two_at_the_same_moment_one_signs_in():
    """Before either of them has a session."""
    token = sign_in_query().partition("=")[2]
    assert signed_in_by(token) is not None
    assert signed_in_by(token) is None
