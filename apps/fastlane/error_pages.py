"""Error pages of async middlewares are made on the request's own thread (Django ticket 36027).

Stock's ``convert_exception_to_response`` makes them in a thread of the loop's default executor: they do not see the
request's connections, and nobody closes those that they open. Each of its wrappers that the chain shows is replaced by
one that does the same on the request's thread.
"""

from __future__ import annotations

from functools import wraps
from types import FunctionType
from typing import Any

from asgiref.sync import AsyncToSync, SyncToAsync, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response, response_for_exception


async def _any_response(request: Any) -> Any:
    """Only wrapped, to see what a wrapper looks like."""


WRAPPER = convert_exception_to_response(_any_response).__code__


def keep_on_thread(handler: ASGIHandler) -> None:
    """Replace the wrappers of a chain that was just loaded; a middleware that hides what it calls keeps stock's."""
    handler._middleware_chain = _kept(handler._middleware_chain)  # type: ignore[attr-defined]


def get_response_of(middleware: Any) -> Any:
    """What a middleware calls: its attribute, or that of the function it was made by; None if it does not show it."""
    cell = _cell_of(middleware)
    if cell is None:
        return getattr(middleware, "get_response", None)
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _cell_of(middleware: Any) -> Any:
    """Where a function middleware has it: django.utils.decorators, and most others."""
    if type(middleware) is not FunctionType:
        return None
    cells = dict(zip(middleware.__code__.co_freevars, middleware.__closure__ or (), strict=True))
    return cells.get("get_response")


def _kept(link: Any) -> Any:
    if isinstance(link, AsyncToSync):
        link.awaitable = _kept(link.awaitable)
        return link
    if isinstance(link, SyncToAsync):
        _keep_below(getattr(link.func, "__wrapped__", None))
        return link
    if type(link) is not FunctionType or not hasattr(link, "__wrapped__"):
        return link
    _keep_below(link.__wrapped__)
    return _on_own_thread(link.__wrapped__) if link.__code__ is WRAPPER else link


def _keep_below(middleware: Any) -> None:
    link = get_response_of(middleware)
    kept = _kept(link)
    if kept is link:
        return
    cell = _cell_of(middleware)
    if cell is not None:
        cell.cell_contents = kept
    else:
        middleware.get_response = kept


def _on_own_thread(get_response: Any) -> Any:
    """``convert_exception_to_response`` for a coroutine function, but for the thread."""

    @wraps(get_response)
    async def inner(request: Any) -> Any:
        try:
            return await get_response(request)
        except Exception as error:
            return await sync_to_async(response_for_exception)(request, error)

    return inner
