"""How often the view of somebody who is logged in goes to a thread and back, as the card says."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import SyncToAsync, async_to_sync
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from apps.catalog import corpus
from apps.catalog.accounts import seed_accounts
from apps.scenarios.registry import view_module
from apps.scenarios.session_auth.scenario import SCENARIO

WITHOUT_SESSION = {"async": 0, "wrapped": 1}  # nothing is looked up for whom nothing is known


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[SyncToAsync]:
    made: list[SyncToAsync] = []
    original = SyncToAsync.__call__

    async def counted(self: SyncToAsync, *args: Any, **kwargs: Any) -> Any:
        made.append(self)
        return await original(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    return made


def visit(variant: str, cookies: dict[str, str]) -> HttpResponse:
    """The view's answer, with what the two middlewares add to a request but without their own hops."""

    def unused(request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    factory = RequestFactory()
    factory.cookies.load(cookies)
    request = factory.get("/?order=1")
    for middleware in (SessionMiddleware, AuthenticationMiddleware):
        middleware(unused).process_request(request)
    return async_to_sync(view_module(SCENARIO, SCENARIO.variant(variant)).view)(request)


@pytest.mark.django_db
@pytest.mark.parametrize("variant", ["async", "wrapped"])
def test_every_lookup_of_the_async_view_is_a_hop(variant: str, settings: Settings, hops: list[SyncToAsync]) -> None:
    settings.DISPOSABLE_DATABASE = True
    seed_accounts()
    assert visit(variant, {"sessionid": corpus.account(1).session_key}).status_code == 200
    assert len(hops) == SCENARIO.variant(variant).hops


@pytest.mark.django_db
@pytest.mark.parametrize("variant", ["async", "wrapped"])
def test_without_a_session_there_is_nothing_to_look_up(variant: str, hops: list[SyncToAsync]) -> None:
    assert visit(variant, {}).status_code == 302
    assert len(hops) == WITHOUT_SESSION[variant]
