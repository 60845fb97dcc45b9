"""Only Django's own code, unchanged and known, runs inline; whatever else is in the chain runs as in stock."""

from __future__ import annotations

import ast
import functools
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType, MethodType
from unittest import mock

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedStore
from django.core.handlers.asgi import ASGIHandler
from django.middleware import csrf
from django.middleware.security import SecurityMiddleware
from django.test import override_settings
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from .. import inline, inline_code
from ..inline_rules import RULES
from ..known_sources import KNOWN, fingerprint
from .inline_chains import (
    COMMON,
    CSRF,
    HERE,
    MESSAGES,
    SECURITY,
    SESSION,
    SETTINGS,
    SEVEN,
    Storage,
    ask,
    chain,
    compared,
)


@pytest.fixture(autouse=True)
def settings_of_these_tests():
    with override_settings(**SETTINGS):
        yield


def verdicts():
    return {surveyed.path: str(surveyed.verdict) for surveyed in inline.survey(ASGIHandler())}


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def rewritten(function):
    """With code of Django's file still, as tools that rewrite bytecode leave it, and their mark."""
    copy = FunctionType(function.__code__, function.__globals__, function.__name__)
    copy.__wrapped__ = function
    return copy


def process_request(self, request):
    """From elsewhere, under the name of a hook."""


CHANGES = {
    "wrapped hook": (SecurityMiddleware, "process_request", wrapped(SecurityMiddleware.process_request)),
    "hook from elsewhere": (SecurityMiddleware, "process_request", process_request),
    "rewritten hook": (SecurityMiddleware, "process_request", rewritten(SecurityMiddleware.process_request)),
    "another hook's function": (SecurityMiddleware, "process_request", SecurityMiddleware.process_response),
    "mock for a hook": (SecurityMiddleware, "process_response", mock.MagicMock()),
    "hook more": (SecurityMiddleware, "process_view", process_request),
    "callable object more": (SecurityMiddleware, "process_exception", mock.MagicMock()),
    "attribute access": (
        SecurityMiddleware,
        "__getattribute__",
        object.__getattribute__,
    ),
    "base's call": (MiddlewareMixin, "__acall__", wrapped(MiddlewareMixin.__acall__)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_middleware_with_a_function_that_was_replaced_is_left_alone(name):
    kind, attribute, replacement = CHANGES[name]
    with mock.patch.object(kind, attribute, replacement, create=True):
        assert verdicts()[SECURITY] == "wrapped"
        handler = ASGIHandler()
        inline.apply(handler)
        assert "__acall__" not in vars(next(inline._layers(handler._middleware_chain)))
    assert set(verdicts().values()) == {"inline"}


PARTS = {
    "method of a session": (SignedStore, "save", wrapped(SignedStore.save), SESSION),
    "property of a session": (SessionBase, "session_key", property(lambda self: "key"), SESSION),
    "function that csrf calls": (csrf, "_check_token_format", wrapped(csrf._check_token_format), CSRF),
    "storage's maker": (
        import_module("django.contrib.messages.middleware"),
        "default_storage",
        mock.MagicMock(),
        MESSAGES,
    ),
    "class of a redirect": (
        import_module(COMMON.rpartition(".")[0]).CommonMiddleware,
        "response_redirect_class",
        type("Own", (), {}),
        COMMON,
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_a_middleware_s_hooks_call_is_judged_as_well(name):
    owner, attribute, replacement, middleware = PARTS[name]
    with mock.patch.object(owner, attribute, replacement):
        assert verdicts() == {path: "wrapped" if path == middleware else "inline" for path in SEVEN}


def test_an_instance_with_a_hook_of_its_own_is_left_alone():
    handler = ASGIHandler()
    security = next(inline._layers(handler._middleware_chain))
    security.process_request = MethodType(process_request, security)
    inline.apply(handler)
    assert "SecurityMiddleware.process_response" in ask(handler)[1]
    assert str(inline.survey(handler)[0].verdict) == "wrapped"


def test_a_source_that_is_not_known_runs_as_in_stock():
    stock, stock_hops = ask(chain(inlined=False))
    for path in KNOWN:
        if path in RULES:
            with mock.patch.dict(KNOWN, {path: {}}):
                assert {verdict for one, verdict in verdicts().items() if one == path} <= {"source"}
    with mock.patch.dict(KNOWN, {"django.utils.deprecation.MiddlewareMixin": {}}):
        assert set(verdicts().values()) == {"source"}
        response, hops = ask(chain(inlined=True))
    assert (compared(response), hops) == (compared(stock), stock_hops)


OTHERS = {
    f"{HERE}.Subclass": "subclass",
    f"{HERE}.function": "unknown",
    f"{HERE}.SyncOnly": "sync-only",
    "django.middleware.gzip.GZipMiddleware": "stock",
    "django.middleware.locale.LocaleMiddleware": "stock",
    "django.middleware.http.ConditionalGetMiddleware": "stock",
}


@pytest.mark.parametrize("other", OTHERS)
def test_others_run_as_in_stock_and_those_they_call_inline(other):
    alone = [other]
    with override_settings(MIDDLEWARE=alone):
        stock, stock_hops = ask(chain(inlined=False))
        response, hops = ask(chain(inlined=True))
        assert (compared(response), hops) == (compared(stock), stock_hops)
    with override_settings(MIDDLEWARE=[other, *SEVEN]):
        stock, _ = ask(chain(inlined=False))
        response, hops = ask(chain(inlined=True))
        assert compared(response) == compared(stock)
        assert len(hops) == len(stock_hops)
        assert verdicts() == {other: OTHERS[other], **dict.fromkeys(SEVEN, "inline")}


def test_what_a_sync_middleware_puts_into_sync_mode_is_reported():
    with override_settings(MIDDLEWARE=[SECURITY, f"{HERE}.SyncOnly", COMMON]):
        stock, _ = ask(chain(inlined=False))
        response, _ = ask(chain(inlined=True))
        assert compared(response) == compared(stock)
        assert verdicts() == {SECURITY: "stock", f"{HERE}.SyncOnly": "sync-only", COMMON: "inline"}


def test_a_class_that_a_tracing_tool_puts_in_place_of_django_s_is_left_alone():
    class Tracing(SecurityMiddleware):
        __module__, __qualname__ = SecurityMiddleware.__module__, SecurityMiddleware.__qualname__

    def traced(path):
        return Tracing if path == SECURITY else import_string(path)

    with mock.patch("django.core.handlers.base.import_string", traced):
        assert verdicts() == {**dict.fromkeys(SEVEN, "inline"), SECURITY: "wrapped"}
        _, hops = ask(chain(inlined=True))
    assert hops == ["SecurityMiddleware.process_request", "SecurityMiddleware.process_response"]


@pytest.mark.parametrize(
    ("setting", "module", "middleware", "because"),
    [
        ("SESSION_ENGINE", HERE, SESSION, f"{HERE}.SessionStore"),
        ("MESSAGE_STORAGE", f"{HERE}.Storage", MESSAGES, f"{HERE}.Storage"),
    ],
)
def test_a_store_of_the_project_s_own_leaves_its_middleware_as_in_stock(setting, module, middleware, because):
    with override_settings(**{setting: module}):
        survey = {surveyed.path: surveyed for surveyed in inline.survey(ASGIHandler())}
        assert (str(survey[middleware].verdict), survey[middleware].because) == ("stock", because)
        name = middleware.rpartition(".")[2]
        assert ask(chain(inlined=True))[1] == [f"{name}.process_request", f"{name}.process_response"]


def test_a_storage_of_the_project_s_own_within_django_s_is_found():
    with mock.patch.object(FallbackStorage, "storage_classes", (Storage,)):
        assert verdicts()[MESSAGES] == "stock"


def test_applying_twice_changes_nothing():
    handler = chain(inlined=True)
    before = verdicts_of(handler)
    inline.apply(handler)
    assert verdicts_of(handler) == before == dict.fromkeys(SEVEN, "inline")
    assert ask(handler)[1] == []


def verdicts_of(handler):
    return {surveyed.path: str(surveyed.verdict) for surveyed in inline.survey(handler)}


def test_every_rule_is_for_code_that_is_known_and_the_installed_django_s_is():
    functions = [resolved(path) for rule in RULES.values() for path in rule.functions]
    assert {*RULES, *(inline_code.path_of(function) for function in functions if function)} <= KNOWN.keys()
    for path, known in KNOWN.items():
        module, _, name = path.rpartition(".")
        written = inline_code._written(file_of(module)).get(name)
        assert written is None or written.fingerprint in known, path
        assert written is not None or ".csp." in path  # new in 6.0


def resolved(path):
    module, _, name = path.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def file_of(module):
    """Without importing it: some have models that are not installed."""
    file = Path(inline_code.DJANGO).parent.joinpath(*module.split("."))
    return str(file / "__init__.py" if file.is_dir() else file.with_suffix(".py"))


def test_a_fingerprint_is_of_the_code_not_of_its_layout_or_words():
    source = "class A:\n    def f(self, x=1):\n        return x + 1\n"
    commented = (
        "class A:\n    'Words.'\n\n    def f(\n        self, x=1\n    ):\n        'M'  # why\n        return (x + 1)\n"
    )
    changed = source.replace("+ 1", "+ 2")
    prints = [fingerprint(ast.parse(text).body[0]) for text in (source, commented, changed)]
    assert prints[0] == prints[1] != prints[2]
