"""Who listens for a client that goes: nobody, until the view waits."""

from __future__ import annotations

import asyncio

from .body import Receive


class Disconnects:
    """Cancels ``task`` when the client goes.

    The listener is a task only when the loop has had a turn, so a view that never waits costs none. It cancels the
    server's own task for the request, which runs the view; ``gone`` tells that cancellation from a server's.
    """

    __slots__ = ("_handle", "_listener", "_receive", "_task", "error", "gone", "over")

    def __init__(self, receive: Receive, task: asyncio.Task[object]) -> None:
        self._receive, self._task = receive, task
        self._listener: asyncio.Task[None] | None = None
        self.gone = self.over = False
        self.error: BaseException | None = None
        self._handle = task.get_loop().call_soon(self._start)

    def _start(self) -> None:
        self._listener = self._task.get_loop().create_task(self._listen())

    async def _listen(self) -> None:
        try:
            message = await self._receive()
            if message["type"] != "http.disconnect":
                raise AssertionError(f"Invalid ASGI message after request body: {message['type']}")
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.error = error
        if not self.over:
            self.gone = True
            self._task.cancel()

    def stop(self) -> None:
        """From here on nobody is cancelled; a cancellation that has been asked for is taken back."""
        self.over = True
        self._handle.cancel()
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None
        if self.gone:
            self._task.uncancel()
