"""Who listens for a client that goes: nobody, until the view waits."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from .body import Receive

T = TypeVar("T")


class Disconnects:
    """Cancels ``task`` when the client goes.

    The listener is a task that begins when what is watched first waits: a view that never does costs none. It cancels
    the server's own task for the request, which runs the view; ``gone`` tells that cancellation from a server's.
    """

    listener: asyncio.Task[None] | None = None
    gone = over = False
    error: BaseException | None = None

    def __init__(self, receive: Receive, task: asyncio.Task[object]) -> None:
        self._receive, self._task = receive, task

    @types.coroutine
    def watch(self, coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Await it; listen from its first wait on."""
        try:
            waits_for = coroutine.send(None)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        if self.listener is None:
            self.listener = self._task.get_loop().create_task(self._listen())
        while True:
            try:
                yield waits_for  # a loop sends nothing but None
                break
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # it may catch it, and wait again
                thrown = error
            try:
                waits_for = coroutine.throw(thrown)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            finally:
                del thrown  # its traceback has this frame, which would be a cycle
        return (yield from coroutine)  # type: ignore[no-any-return]

    async def _listen(self) -> None:
        try:
            message = await self._receive()
            if message["type"] != "http.disconnect":
                raise AssertionError(f"Invalid ASGI message after request body: {message['type']}")
        except asyncio.CancelledError:
            if not self.over:
                raise
            return  # a task that keeps this error is a cycle: the traceback has this frame, and that the task
        except Exception as error:
            self.error = error
        if not self.over:
            self.gone = True
            self._task.cancel()

    def stop(self) -> None:
        """From here on nobody is cancelled; a cancellation that has been asked for is taken back."""
        if self.listener is None:
            return
        self.over = True
        self.listener.cancel()
        if self.gone:
            self._task.uncancel()
