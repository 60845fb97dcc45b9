"""The test's database connections, used by the threads that answer its requests, as LiveServerTestCase shares them."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

from django.db import connections
from django.db.utils import ConnectionHandler

# Set in a request's context, and so in every thread that works for it.
_shared: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("crossover_shared", default=None)
_of_the_tests: dict[str, Any] = {}
_getitem = ConnectionHandler.__getitem__


def note_connections() -> None:
    """In the main thread, where Django's tests run: also an async test's sync functions do.

    Sharing is allowed for good: a thread keeps what it adopted, and must be able to leave it alone at its end.
    """
    for alias in connections:
        wrapper = _getitem(connections, alias)
        if not wrapper.allow_thread_sharing:
            wrapper.inc_thread_sharing()
        _of_the_tests[alias] = wrapper


def share_connections() -> None:
    """In a request's context."""
    _shared.set(_of_the_tests)


def _shared_or_own(handler: ConnectionHandler, alias: str) -> Any:
    shared = _shared.get()
    if handler is connections and shared and alias in shared and threading.current_thread() is not _main_thread:
        handler[alias] = shared[alias]
    return _getitem(handler, alias)


_main_thread = threading.main_thread()


def install() -> None:
    handler_class: Any = ConnectionHandler
    handler_class.__getitem__ = _shared_or_own
