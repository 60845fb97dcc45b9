"""Hooks of Django's own middlewares that only compute run on the loop, instead of a hop to a thread each.

An instance of exactly a known class gets an ``__acall__`` of its own, which ``MiddlewareMixin.__call__`` finds; nothing
of Django is replaced. Everything else runs as in stock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.utils.module_loading import import_string

from . import inline_rules
from .error_pages import get_response_of
from .inline_code import Verdict, code_verdict, is_at_its_place, path_of
from .inline_rules import RULES

HOOKS = (
    "__call__",
    "__acall__",
    "process_request",
    "process_view",
    "process_response",
    "process_exception",
    "process_template_response",
)


@dataclass(frozen=True)
class Surveyed:
    """One of ``settings.MIDDLEWARE`` and how its hooks run.

    ``because`` is empty where the class itself says it all; else it has the dotted path of what its hooks call or make
    that is in the way, or a sentence about the middlewares around it.
    """

    path: str
    verdict: Verdict
    because: str = ""


def apply(handler: ASGIHandler) -> None:
    """Let the middlewares of a chain that was just loaded run inline where they can. Doing it twice changes nothing."""
    for layer in _layers(handler._middleware_chain):  # type: ignore[attr-defined]
        if _judge(type(layer), layer)[0] is Verdict.INLINE:
            rule = RULES[path_of(type(layer))]
            layer.__acall__ = rule.make(layer)
            if rule.make_view is not None:
                _replace_view_hook(handler._view_middleware, layer, rule)  # type: ignore[attr-defined]


def survey(handler: ASGIHandler) -> list[Surveyed]:
    """How the middlewares of a handler with a loaded chain run, in the order of the setting."""
    layers = list(_layers(handler._middleware_chain))  # type: ignore[attr-defined]
    found = []
    for path in settings.MIDDLEWARE:
        made_by = import_string(path)
        # By name: a tracing tool may have put a class of its own, under the same name, into the chain.
        named = path_of(made_by) if isinstance(made_by, type) else ""
        place = next((place for place, layer in enumerate(layers) if path_of(type(layer)) == named), None)
        layer = None if place is None else layers.pop(place)
        found.append(Surveyed(path, *_judge(made_by if layer is None else type(layer), layer)))
    return found


def _layers(chain: Any) -> Iterator[Any]:
    """The middlewares, from the outermost inwards, as far as each shows what it calls."""
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        if isinstance(chain, SyncToAsync):
            chain = chain.func
        elif isinstance(chain, AsyncToSync):
            chain = chain.awaitable
        else:
            middleware = getattr(chain, "__wrapped__", None)  # by convert_exception_to_response
            if middleware is None:
                return
            yield middleware
            chain = get_response_of(middleware)


def _judge(kind: Any, layer: Any | None) -> tuple[Verdict, str]:
    """``layer`` is the instance in the chain; None where the chain does not show one."""
    if not isinstance(kind, type):
        return (Verdict.UNKNOWN if getattr(kind, "async_capable", False) else Verdict.SYNC_ONLY), ""
    if path_of(kind) not in RULES or not is_at_its_place(kind):
        return _judge_other(kind), ""
    if (verdict := code_verdict(kind)) is not Verdict.INLINE:
        return verdict, ""
    if layer is None:
        return Verdict.STOCK, "it is behind a middleware that does not show what it calls"
    if not layer.async_mode:
        return Verdict.STOCK, "a middleware that it calls is sync only"
    if any(name in HOOKS and not _is_ours(value) for name, value in vars(layer).items()):
        return Verdict.WRAPPED, ""
    return _judge_parts(layer)


def _judge_other(kind: Any) -> Verdict:
    if not getattr(kind, "async_capable", False):
        return Verdict.SYNC_ONLY
    if kind.__module__.startswith("django."):
        return Verdict.STOCK if is_at_its_place(kind) else Verdict.WRAPPED
    return Verdict.SUBCLASS if any(path_of(base) in RULES for base in kind.__mro__[1:]) else Verdict.UNKNOWN


def _judge_parts(layer: Any) -> tuple[Verdict, str]:
    rule = RULES[path_of(type(layer))]
    for path in rule.functions:
        if (verdict := code_verdict(import_string(path))) is not Verdict.INLINE:
            return verdict, path
    for store in rule.stores(layer):
        if (verdict := code_verdict(store)) is not Verdict.INLINE:  # one that is not Django's may do anything
            return (Verdict.STOCK if verdict is Verdict.UNKNOWN else verdict), path_of(store)
    return Verdict.INLINE, ""


def _is_ours(value: Any) -> bool:
    return getattr(value, "__module__", None) == inline_rules.__name__


def _replace_view_hook(hooks: list[Any], layer: Any, rule: inline_rules.Rule) -> None:
    for place, hook in enumerate(hooks):
        if type(hook) is SyncToAsync and getattr(hook.func, "__self__", None) is layer and rule.make_view is not None:
            hooks[place] = rule.make_view(hook)
