"""Records when the tasks of a request compute on their loop: each step from where it runs one to its next await.

By the clock: a step in which the loop waits for the interpreter lock, or for its CPU, is as long as that takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from .trace import Trace, current

MOST_STEPS = 5000  # of one request
TOO_MANY = f"over {MOST_STEPS:,} steps on the loop: too many to be drawn"


class Stepped:
    """A coroutine, driven as a task drives it, with each step noted."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], trace: Trace) -> None:
        self.coroutine, self.trace = coroutine, trace

    def __await__(self) -> Generator[Any, Any, Any]:
        resume, value = self.coroutine.send, None
        while True:
            began_s = monotonic()
            try:
                awaited = resume(value)
            except StopIteration as end:
                return end.value
            finally:
                self._note(began_s, monotonic())
            try:
                resume, value = self.coroutine.send, (yield awaited)
            except GeneratorExit:
                self.coroutine.close()
                raise
            except BaseException as error:
                resume, value = self.coroutine.throw, error

    def _note(self, began_s: float, ended_s: float) -> None:
        """Those that are left out would look like waiting, so then none is drawn."""
        if len(self.trace.steps) < MOST_STEPS:
            self.trace.steps.append((began_s, ended_s))
        else:
            self.trace.problem = TOO_MANY


async def stepped(coroutine: Coroutine[Any, Any, Any], trace: Trace) -> Any:
    """The same coroutine, recorded."""
    return await Stepped(coroutine, trace)


@contextmanager
def watching_tasks() -> Iterator[None]:
    """Meanwhile tasks that are started where there is a trace are recorded into it; all others are as always.

    Django runs a request in a task of its own, and ``gather`` each of its legs.
    """
    loop = asyncio.get_running_loop()
    stock = loop.get_task_factory()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **words: Any) -> Any:
        context = words.get("context")
        trace = context.get(current) if context is not None else current.get()
        if trace is not None and asyncio.iscoroutine(coroutine):
            coroutine = stepped(coroutine, trace)
        return stock(loop, coroutine, **words) if stock else asyncio.Task(coroutine, loop=loop, **words)

    loop.set_task_factory(factory)
    try:
        yield
    finally:
        loop.set_task_factory(stock)
