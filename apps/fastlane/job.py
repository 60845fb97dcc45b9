"""A sync call on its way to a thread, and its result on the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent import futures
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lease import Lease

# What asyncio makes of them where a loop waits for another thread's future, and so in stock.
CONVERTED: dict[type[BaseException], type[BaseException]] = {
    futures.CancelledError: asyncio.CancelledError,
    futures.InvalidStateError: asyncio.InvalidStateError,
}


class Job(asyncio.Future[Any]):
    """Cancelled while it waits for its turn, it leaves the queue at once; when it has begun it runs to its end.

    A future of the loop that asks, which ``run_in_executor`` returns as it is. One of ``concurrent.futures`` is for
    threads that wait for each other: a lock, a second future for the loop and two callbacks to tie them together.
    """

    def __init__(self, lease: Lease, call: Callable[[], Any]) -> None:
        super().__init__()
        self.lease = lease
        self.call: Callable[[], Any] | None = call

    def cancel(self, msg: Any | None = None) -> bool:
        cancelled = super().cancel(msg)
        if cancelled:
            self.lease.withdraw(self)
        return cancelled

    def settle(self, result: Any, error: BaseException | None = None) -> None:
        """Called on any thread, once."""
        try:
            self.get_loop().call_soon_threadsafe(self._settled, result, error)
        except RuntimeError:
            return  # the loop has been closed: nobody is left who waits

    def _settled(self, result: Any, error: BaseException | None) -> None:
        if self.done():  # cancelled meanwhile
            return
        if error is None:
            self.set_result(result)
            return
        if converted := CONVERTED.get(type(error)):
            error = converted(*error.args).with_traceback(error.__traceback__)
        try:
            self.set_exception(error)
        except TypeError:  # Python before 3.12 takes no StopIteration, and stock waits for ever
            self.set_exception(RuntimeError(f"A sync function raised {error!r}, which a coroutine cannot pass on"))
