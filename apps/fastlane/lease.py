"""A request's lease of a thread: the executor that asgiref finds under the request's context."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, TypeVar
from weakref import ref

from asgiref.sync import AsyncToSync, SyncToAsync

from . import connections
from .job import Job
from .threads import ThreadPool, Worker

T = TypeVar("T")


class Lease(Executor):
    """One thread for one request, from its first sync hop to its end; no hop, no thread.

    Jobs run one at a time, in order. ``running`` is whether one of them does (or has been sent to the thread).
    ``users`` counts the requests that share it: more than one in a caller's own ThreadSensitiveContext alone.
    """

    # Defaults on the class: most requests never ask for a thread.
    worker: Worker | None = None
    running = ended = asked = False
    users = 1
    parked: object | None = None  # inside async_to_sync, and so not running: see ParkingLoop
    named_cursors: dict[str, int] | None = None  # of its connections when it began; None: prepare it first
    _parking: ParkingLoop | None = None
    _quiet: tuple[Future[None], ...] = ()

    def __init__(self, pool: ThreadPool) -> None:
        self.pool = pool
        self.jobs: deque[Job] = deque()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Job:  # type: ignore[override]
        """Run on the request's thread, which is leased now if it was not; called by ``run_in_executor``, on the loop.

        Raises RuntimeError after the end.
        """
        job = Job(self, self._parkable(fn) if not args and not kwargs else partial(fn, *args, **kwargs))
        pool = self.pool
        with pool.lock:
            if self.ended and self.worker is None:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self.asked = True
            self.jobs.append(job)
            if not self.running and len(self.jobs) == 1:
                pool.enqueue(self)
        return job

    def perform(self, job: Job) -> None:
        """Called on the thread."""
        if self.named_cursors is None:
            self.named_cursors = connections.prepare(self._held)
        result: Any = None
        error: BaseException | None = None
        if not job.cancelled():
            try:
                result = job.call()  # type: ignore[misc] # it is there until now
            except BaseException as raised:  # it belongs to whoever awaits the job
                error = raised
        job.call = None  # what it was called with is not to live as long as its result
        # Before the result is known: who gets it must find the lease at rest.
        self._done()
        job.settle(result, error)
        del job, result, error

    def _done(self) -> None:
        pool = self.pool
        with pool.lock:
            if self.parked is None:
                pool.running -= 1
            self.parked = None
            self.running = False
            if self.worker is not None:
                pool.note_connection(self.worker)
            if self.jobs:
                pool.enqueue(self)
            else:
                self._rests()
                pool.dispatch()

    def _rests(self) -> None:
        """Nothing of it runs or waits any more, for whichever reason. Called with the pool's lock held."""
        quiet, self._quiet = self._quiet, ()
        for waiter in quiet:
            if waiter.set_running_or_notify_cancel():  # else its loop is being closed
                waiter.set_result(None)
        if self.ended:
            self._return_thread()

    def refuse(self, error: RuntimeError) -> None:
        """There is no thread to be had. Called with the pool's lock held."""
        while self.jobs:
            self.jobs.popleft().settle(None, error)
        self._rests()

    def withdraw(self, job: Job) -> None:
        """A job that was cancelled before it ran."""
        with self.pool.lock:
            if job not in self.jobs:
                return
            self.jobs.remove(job)
            if not self.jobs and not self.running:
                self.pool.dequeue(self)
                self._rests()

    async def quiet(self) -> None:
        """Return when none of its sync functions runs or waits."""
        with self.pool.lock:
            if not (self.running or self.jobs):
                return
            waiter: Future[None] = Future()
            self._quiet = (*self._quiet, waiter)
        await asyncio.wrap_future(waiter)

    def end(self) -> None:
        """The last of its users has ended: give the thread back, or let it come back when what still runs has ended."""
        with self.pool.lock:
            self.ended = True
            if not self.running and not self.jobs:
                self._return_thread()

    def release(self) -> bool:
        """Give the thread back although the request goes on; whether there was one. The lock is taken here."""
        with self.pool.lock:
            if self.worker is None or self.running or self.jobs:
                return False
            self._return_thread()
            return True

    @property
    def _held(self) -> connections.Wrappers | None:
        return self.worker.connections if self.worker is not None else None

    def open_transactions(self) -> list[str]:
        """Aliases of its connections that are in a transaction. Asked while nothing of it runs."""
        return connections.open_transactions(self._held)

    def cursors_made(self) -> bool:
        """Whether any of its connections has made a server-side cursor for this request."""
        return self.named_cursors != connections.named_cursors(self._held)

    def open_cursors(self) -> list[str]:
        """Aliases of its connections with a server-side cursor open. Called on the thread."""
        return connections.open_cursors(self._held)

    def _return_thread(self) -> None:
        worker, self.worker = self.worker, None
        self.named_cursors = self._parking = None
        if worker is not None:
            self.pool.give_back(worker)

    # A sync function inside async_to_sync waits for the loop. Were it counted as running, ``size`` of them would be
    # all there can be: a sync-only middleware in front of async views, or a view that asks its own server.

    def _parkable(self, call: Callable[[], T]) -> Callable[[], T]:
        """The same call, with a loop that tells the lease when the thread begins to wait for it."""
        if type(call) is not partial or not call.args:
            return call
        if getattr(call.func, "__func__", None) is not SyncToAsync.thread_handler:
            return call
        loop, *others = call.args
        if self._parking is None or self._parking.loop is not loop:
            self._parking = ParkingLoop(self, loop)
        return partial(call.func, self._parking, *others, **call.keywords)

    def park(self) -> object:
        token = object()
        with self.pool.lock:
            if self.running and self.parked is None:
                self.pool.running -= 1
            self.parked = token
            self.pool.dispatch()
        return token

    def unpark(self, token: object) -> None:
        with self.pool.lock:
            if self.parked is token:
                self.parked = None
                self.pool.running += 1  # it may be one too many for a moment: it cannot be stopped


class ParkingLoop:
    """What ``async_to_sync`` on a leased thread takes for the event loop: the loop, and a note when a thread waits."""

    __slots__ = ("lease", "loop")

    def __init__(self, lease: Lease, loop: asyncio.AbstractEventLoop) -> None:
        self.lease, self.loop = lease, loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loop, name)

    def __hash__(self) -> int:
        return hash(self.loop)

    def __eq__(self, other: object) -> bool:
        return other is self or other == self.loop

    def call_soon_threadsafe(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> asyncio.Handle:
        if len(args) != 1 or callback != self.loop.create_task:
            return self.loop.call_soon_threadsafe(callback, *args, **kwargs)
        token = self.lease.park()
        self._stay()
        try:
            return self.loop.call_soon_threadsafe(callback, self._waited_for(args[0], token), **kwargs)
        except RuntimeError:  # the loop is closed; async_to_sync goes on by itself
            self.lease.unpark(token)
            raise

    def _stay(self) -> None:
        """What the thread runs for the loop while it waits sets its loop anew, which asgiref does not take back."""
        executor = getattr(AsyncToSync.executors, "current", None)
        if executor is None:
            return
        submit, itself = type(executor).submit, ref(executor)  # or it would be a cycle

        def submit_and_stay(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            return submit(itself(), self._run, fn, *args, **kwargs)  # type: ignore[no-any-return]

        executor.submit = submit_and_stay

    def _run(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        finally:
            SyncToAsync.threadlocal.main_event_loop = self

    async def _waited_for(self, awaitable: Awaitable[T], token: object) -> T:
        try:
            return await awaitable
        finally:
            self.lease.unpark(token)
