"""The check of middlewares: it names each whose hooks hop, says why, and is silent about the others."""

from __future__ import annotations

import re
from functools import wraps
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.sessions.backends import db
from django.middleware.security import SecurityMiddleware
from django.test import override_settings
from django.utils.decorators import sync_only_middleware
from django.utils.deprecation import MiddlewareMixin

from apps.fastlane import checks
from apps.fastlane.known_sources import KNOWN
from apps.fastlane.tests.test_checks import Found, found

HERE = __name__
SECURITY = "django.middleware.security.SecurityMiddleware"
AS_STOCK = "runs as in stock Django, a hop to the request's thread for each sync hook: "


class ThirdParty(MiddlewareMixin):
    def process_view(self, request: Any, callback: Any, args: Any, kwargs: Any) -> None: ...

    def process_response(self, request: Any, response: Any) -> Any: ...


class Secured(SecurityMiddleware):
    """Nothing is changed."""


class Async:
    async_capable, sync_capable = True, False

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    async def __call__(self, request: Any) -> Any: ...

    async def process_view(self, request: Any, callback: Any, args: Any, kwargs: Any) -> None: ...


class Hiding(Async):
    def __init__(self, get_response: Any) -> None:
        self.hidden = get_response


class Broken(Async):
    def __init__(self, get_response: Any) -> None:
        raise ValueError("cannot be made")


class SessionStore(db.SessionStore):
    """None of Django's own: this module can be named as SESSION_ENGINE."""


@sync_only_middleware
def sync_only(get_response: Any) -> Any:
    def middleware(request: Any) -> Any:
        return get_response(request)

    return middleware


def complaints(*middleware: str) -> Found:
    with override_settings(MIDDLEWARE=list(middleware)):
        return found(checks.check_middleware)


def test_startprojects_middlewares_are_right() -> None:
    template = Path(django.__file__).parent / "conf/project_template/project_name/settings.py-tpl"
    middleware = re.findall(r"django[.\w]+Middleware", template.read_text())
    assert len(middleware) == 7
    assert complaints(*middleware) == []


def test_an_async_middleware_and_those_of_djangos_left_alone_are_right() -> None:
    assert complaints(f"{HERE}.Async", "django.middleware.gzip.GZipMiddleware") == []


@pytest.mark.parametrize(
    ("names", "identity", "message"),
    [
        (
            [f"{HERE}.ThirdParty", SECURITY],
            "W003",
            f"{HERE}.ThirdParty is not Django's own: each of its sync hooks (process_response, process_view) is a hop "
            "to the request's thread.",
        ),
        (
            [f"{HERE}.Secured", SECURITY],
            "W004",
            f"{HERE}.Secured is a subclass of one of Django's: each of its sync hooks (process_request, "
            "process_response) is a hop to the request's thread.",
        ),
        (
            [f"{HERE}.sync_only", SECURITY],
            "W007",
            f"{HERE}.sync_only is sync only: a request holds its thread from there until the view has answered.",
        ),
        (
            [f"{HERE}.Hiding", SECURITY],
            "W009",
            f"{SECURITY} runs as in stock Django: it is behind a middleware that does not show what it calls.",
        ),
    ],
)
def test_a_middleware_that_hops_is_named(names: list[str], identity: str, message: str) -> None:
    assert complaints(*names) == [(identity, f"The middleware {message}")]


def test_a_middleware_before_one_that_is_sync_only_is_named_too() -> None:
    reason = "runs as in stock Django: a middleware that it calls is sync only."
    first, second = complaints(SECURITY, f"{HERE}.sync_only")
    assert first == ("W009", f"The middleware {SECURITY} {reason}")
    assert second[0] == "W007"


def test_a_wrapped_hook_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = SecurityMiddleware.process_request

    @wraps(hook)  # a wrapper that gives itself away by no name
    def traced(self: Any, request: Any) -> Any:
        return hook(self, request)

    monkeypatch.setattr(SecurityMiddleware, "process_request", traced)
    expected = f"The middleware {SECURITY} {AS_STOCK}something has replaced or wrapped one of its functions."
    assert complaints(SECURITY) == [("W005", expected)]


def test_a_source_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, SECURITY, {})
    expected = (
        f"The middleware {SECURITY} {AS_STOCK}the source of one of its functions is not one that the fast lane knows."
    )
    assert complaints(SECURITY) == [("W006", expected)]


def test_a_session_store_that_is_not_djangos_is_named() -> None:
    sessions = "django.contrib.sessions.middleware.SessionMiddleware"
    expected = f"The middleware {sessions} {AS_STOCK}{HERE}.SessionStore, which it uses, is not Django's own."
    with override_settings(SESSION_ENGINE=HERE):
        assert complaints(sessions) == [("W008", expected)]


@pytest.mark.parametrize("name", ["Missing", "Broken"])
def test_a_middleware_that_cannot_be_made_is_left_to_django(name: str) -> None:
    assert complaints(f"{HERE}.{name}", f"{HERE}.ThirdParty") == []
