"""Each chain twice, as stock Django has it and inline: same answers, and hops only where there is I/O to do."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import sync_to_async
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.test import override_settings
from django.utils.module_loading import import_string

from .. import inline
from .inline_chains import (
    AUTH,
    FRAMES,
    HERE,
    LOCMEM,
    MESSAGES,
    SESSION,
    SETTINGS,
    SEVEN,
    SessionStore,
    ask,
    chain,
    compared,
    cookies_after,
    urlpatterns,
)

TOKEN = "a" * 32
LINKS = "django.middleware.common.BrokenLinkEmailsMiddleware"
CSP = ["django.middleware.csp.ContentSecurityPolicyMiddleware"] if find_spec("django.middleware.csp") else []
ON_404 = {
    LINKS: "BrokenLinkEmailsMiddleware.process_response",
    "django.middleware.common.CommonMiddleware": "CommonMiddleware.process_response",
}


@pytest.fixture(autouse=True)
def settings_of_these_tests():
    with override_settings(**SETTINGS):
        yield


@dataclass(frozen=True)
class Case:
    """A request under some settings, with the cookies that the answer at ``after`` has set, and its hops inline."""

    request: dict[str, Any] = field(default_factory=dict)
    hops: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    after: str = ""


SAVES, STORES = "SessionMiddleware.process_response", "MessageMiddleware.process_response"
CHECKS, SLASHES = "CsrfViewMiddleware.process_view", "CommonMiddleware.process_response"
READS_SECRET, WRITES_SECRET = "CsrfViewMiddleware.process_request", "CsrfViewMiddleware.process_response"
PAGE = "response_for_exception"
CASES = {
    "plain": Case(),
    "head": Case({"method": "HEAD"}),
    "session not read": Case(after="/changes"),
    "session read": Case({"path": "/reads"}, after="/changes"),
    "empty session read": Case({"path": "/reads"}),
    "stale session read": Case({"path": "/reads", "cookies": {"sessionid": "stale and long enough"}}, (SAVES,)),
    "session cookie of no session": Case({"cookies": {"sessionid": "short"}}),
    "session changed": Case({"path": "/changes"}, (SAVES,)),
    "every session saved": Case({}, (SAVES,), {"SESSION_SAVE_EVERY_REQUEST": True}, after="/changes"),
    "no session to save": Case({}, (), {"SESSION_SAVE_EVERY_REQUEST": True}),
    "message added": Case({"path": "/adds"}, (STORES,)),
    "message waiting": Case(after="/adds"),
    "messages read": Case({"path": "/shows"}, (STORES,), after="/adds"),
    "signer of the project": Case({}, ("MessageMiddleware.process_request",), {"SIGNING_BACKEND": f"{HERE}.Signer"}),
    "token made": Case({"path": "/token"}),
    "broken csrf cookie": Case({"cookies": {"csrftoken": "?"}}),
    "post with token": Case({"method": "POST", "cookies": {"csrftoken": TOKEN}, "X-CSRFToken": TOKEN}, (CHECKS,)),
    "post without token": Case({"method": "POST"}, (CHECKS,)),
    "secret in the session": Case({}, (READS_SECRET,), {"CSRF_USE_SESSIONS": True}),
    "secret into the session": Case(
        {"path": "/token"}, (READS_SECRET, WRITES_SECRET, SAVES), {"CSRF_USE_SESSIONS": True}
    ),
    "no such path": Case({"path": "/nowhere"}, (PAGE, SLASHES)),
    "404 by a view": Case({"path": "/hidden"}, (SLASHES,)),
    "slash appended": Case({"path": "/slash"}, (PAGE, SLASHES)),
    "www prepended": Case({"path": "/slash"}, (), {"PREPEND_WWW": True, "ALLOWED_HOSTS": ["*"]}),
    "to https": Case({}, (), {"SECURE_SSL_REDIRECT": True}),
    "over https": Case({"secure": True}, (), {"SECURE_HSTS_PRELOAD": True}),
    "host not allowed": Case({}, (PAGE,), {"ALLOWED_HOSTS": ["elsewhere"]}),
    "agent denied": Case({"User-Agent": "bad"}, (PAGE,), {"DISALLOWED_USER_AGENTS": [re.compile("bad")]}),
    "streamed": Case({"path": "/streams"}),
    "content made late": Case({"path": "/late"}, (SLASHES,)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_seven_answer_as_in_stock_and_hop_only_for_io(name):
    case = CASES[name]
    with override_settings(**case.settings):
        request = {**case.request, **({"cookies": cookies_after(case.after)} if case.after else {})}
        stock, stock_hops = ask(chain(inlined=False), **request)
        inlined, hops = ask(chain(inlined=True), **request)
    assert compared(inlined) == compared(stock)
    assert hops == list(case.hops)
    assert len(stock_hops) > len(hops)


@pytest.mark.parametrize("middleware", [*SEVEN, LINKS, *CSP])
@pytest.mark.parametrize("path", ["/hello", "/hidden"])
def test_each_alone_answers_as_in_stock(middleware, path):
    needs = [SESSION] if middleware in (AUTH, MESSAGES) else []
    with override_settings(MIDDLEWARE=[*needs, middleware]):
        stock, stock_hops = ask(chain(inlined=False), path)
        inlined, hops = ask(chain(inlined=True), path)
    assert compared(inlined) == compared(stock)
    assert hops == ([ON_404[middleware]] if path == "/hidden" and middleware in ON_404 else [])
    assert stock_hops


def test_settings_are_read_for_every_request():
    handler = chain(inlined=True)
    for changed, expected in (
        ({}, []),
        ({"CSRF_USE_SESSIONS": True}, [READS_SECRET]),
        ({"MESSAGE_STORAGE": f"{HERE}.Storage"}, ["MessageMiddleware.process_request", STORES]),
        ({}, []),
    ):
        with override_settings(**changed):
            assert ask(handler)[1] == expected


def test_sessions_are_saved_and_messages_stored_in_another_thread_than_the_loop_s():
    threads = {}
    originals = {LocMemCache.add: "saves", MessageMiddleware.process_response: "stores"}

    def noting(original):
        def noted(*args, **kwargs):
            threads[originals[original]] = threading.get_ident()
            return original(*args, **kwargs)

        return noted

    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache"):
        handler = chain(inlined=True)
        with (
            mock.patch.object(LocMemCache, "add", noting(LocMemCache.add)),
            mock.patch.object(MessageMiddleware, "process_response", noting(MessageMiddleware.process_response)),
        ):
            ask(handler, "/changes")
            assert threads.pop("stores") == threading.get_ident()  # nothing to store, and asyncio.run is in this thread
            ask(handler, "/adds")
    assert threads.keys() == {"saves", "stores"}
    assert threading.get_ident() not in threads.values()


@pytest.mark.parametrize(
    ("engine", "backend", "hops"),
    [
        ("db", None, []),
        ("cached_db", None, []),
        ("cache", None, []),
        ("cache", f"{HERE}.Cache", ["SessionMiddleware.process_request"]),
        ("file", None, []),
    ],
)
def test_a_session_store_is_made_inline_unless_making_it_may_do_io(engine, backend, hops, tmp_path):
    engine = f"django.contrib.sessions.backends.{engine}"
    caches = {"default": {"BACKEND": backend or LOCMEM}}
    with override_settings(SESSION_ENGINE=engine, CACHES=caches, SESSION_FILE_PATH=str(tmp_path)):
        handler = chain(inlined=True)
        store = import_string(f"{engine}.SessionStore")
        if engine.endswith("file"):
            with mock.patch.object(store, "_storage_path", str(tmp_path), create=True):
                del store._storage_path
                assert ask(handler)[1] == ["SessionMiddleware.process_request"]  # the first one looks for the folder
                assert ask(handler)[1] == hops
        else:
            assert ask(handler)[1] == hops


def test_a_session_of_another_class_goes_to_the_thread():
    handler = chain(inlined=True)

    async def replaces_session(request):
        request.session = SessionStore()
        return HttpResponse("replaced")

    with mock.patch.object(urlpatterns[0], "callback", replaces_session):
        assert ask(handler)[1] == [SAVES]
    session = next(layer for layer in inline._layers(handler._middleware_chain) if type(layer) is SessionMiddleware)
    session.SessionStore = SessionStore
    assert ask(handler)[1] == ["SessionMiddleware.process_request", SAVES]


HOOKS = [(one, hook) for one in SEVEN for hook in ("process_request", "process_response")]
HOOKS.remove((AUTH, "process_response"))
HOOKS.remove((FRAMES, "process_request"))


def test_hooks_are_looked_up_when_they_are_called():
    handler = chain(inlined=True)
    with mock.patch.object(SecurityMiddleware, "process_request", lambda self, request: HttpResponse("patched")):
        assert ask(handler)[0].content == b"patched"
    assert ask(handler)[0].content == b"hello"


@pytest.mark.parametrize(("middleware", "hook"), HOOKS)
def test_an_error_in_a_hook_becomes_the_page_of_stock_in_the_request_s_thread(middleware, hook):
    kind = import_string(middleware)

    def breaks(*args):
        raise ValueError("broken")

    pages = []
    for inlined in (False, True):
        handler = chain(inlined)
        with mock.patch.object(kind, hook, breaks):
            response, hops = ask(handler)
        thread = response.headers.pop("X-Thread")[1]
        pages.append(compared(response))
    assert pages[0] == pages[1]
    assert pages[1][0] == 500
    assert hops == [PAGE]
    assert int(thread) == asyncio.run(sync_to_async(threading.get_ident)())  # stock: any thread of another pool


def test_an_error_that_is_to_be_passed_on_is_announced_as_often_as_in_stock():
    counts = []

    def count(**kwargs):
        counts[-1] += 1

    def breaks(*args):
        raise ValueError("broken")

    got_request_exception.connect(count)
    try:
        with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
            for inlined in (False, True):
                counts.append(0)
                handler = chain(inlined)
                with (
                    mock.patch.object(CsrfViewMiddleware, "process_request", breaks),
                    pytest.raises(ValueError, match="broken"),
                ):
                    ask(handler)
    finally:
        got_request_exception.disconnect(count)
    assert counts[0] == counts[1] > 0
