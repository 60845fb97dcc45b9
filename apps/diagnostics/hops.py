"""Records every crossing of a request between its event loop and its threads.

It wraps ``SyncToAsync.__call__`` (the loop's side) and ``SyncToAsync.thread_handler`` (the thread's) on the class, from
the first recording on. Without a trace in the context both only look for one. What is recorded is never asked for its
``repr``: that of a QuerySet runs SQL.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any
from weakref import WeakSet

from asgiref.sync import SyncToAsync

from . import queries
from .trace import Crossing, Trace, current

__all__ = ["Trace", "recording", "unexpected"]

HANDLER_PARAMETERS = ["self", "loop", "exc_info", "task_context", "func"]
asked: ContextVar[Crossing | None] = ContextVar("crossover_asked", default=None)
lock = threading.Lock()
known_threads: WeakSet[threading.Thread] = WeakSet()  # not their idents: those are given again
watched = threading.local()  # whether what the thread had open before is watched; what it opens later always is
state = {"installed": False}


@contextmanager
def recording() -> Iterator[Trace]:
    """A trace of what happens in this context, and in the tasks and threads that are started from it."""
    trace = Trace(problem=install())
    with lock:
        known_threads.update(threading.enumerate())
    token = current.set(trace)
    try:
        yield trace
    finally:
        current.reset(token)


def unexpected(kind: type) -> str:
    """Why crossings of such a class cannot be recorded, or ``""``: private ground may change with any release."""
    call, handler = kind.__dict__.get("__call__"), kind.__dict__.get("thread_handler")
    if not inspect.iscoroutinefunction(call):
        return "asgiref's SyncToAsync.__call__ is no coroutine function here: crossings are not recorded"
    if not inspect.isfunction(handler) or list(inspect.signature(handler).parameters)[:5] != HANDLER_PARAMETERS:
        return "asgiref's SyncToAsync.thread_handler has another shape here: crossings are not recorded"
    return ""


def install() -> str:
    """Wrap asgiref's class, once. Returns why it cannot be done, or ``""``."""
    with lock:
        if state["installed"]:
            return ""
        if problem := unexpected(SyncToAsync):
            return problem
        wrap(SyncToAsync)
        queries.install()
        state["installed"] = True
    return ""


def wrap(kind: Any) -> None:
    """Replace both methods by recording ones that call them."""
    stock_call, stock_handler = kind.__call__, kind.thread_handler

    async def recorded_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        trace = current.get()
        if trace is None:
            return await stock_call(self, *args, **kwargs)
        crossing = Crossing(*name_of(self.func), asked_s=monotonic())
        trace.crossings.append(crossing)
        asked.set(crossing)
        try:
            return await stock_call(self, *args, **kwargs)
        finally:
            asked.set(None)
            crossing.back_s = monotonic()

    def recorded_handler(
        self: Any, loop: Any, exc_info: Any, task_context: Any, func: Any, child: Any, *args: Any, **kwargs: Any
    ) -> Any:
        # The thread itself has no context yet: ``func`` enters the request's and calls what it is given.
        return stock_handler(self, loop, exc_info, task_context, func, partial(in_thread, child), *args, **kwargs)

    kind.__call__, kind.thread_handler = recorded_call, recorded_handler


def in_thread(child: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run the function, in the thread and in the context of the request."""
    crossing = asked.get()
    if crossing is None or crossing.started_s is not None:
        return child(*args, **kwargs)
    thread = threading.current_thread()
    with lock:
        crossing.fresh = thread not in known_threads
        known_threads.add(thread)
    if not getattr(watched, "whole", False):
        queries.watch_this_thread()
        watched.whole = True
    crossing.thread, crossing.ident, crossing.started_s = thread.name, thread.ident or 0, monotonic()
    try:
        return child(*args, **kwargs)
    finally:
        crossing.ended_s = monotonic()


def name_of(function: Any) -> tuple[str, str]:
    """(qualified name, module), of the function behind partials; of other callables that of their type."""
    while isinstance(function, partial):
        function = function.func
    known = isinstance(function, FunctionType | MethodType | BuiltinFunctionType | type)
    named = function if known else type(function)
    return named.__qualname__, named.__module__ or ""
