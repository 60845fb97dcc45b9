"""Threads that requests lease: few, the last used first, so that their database connections are warm."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import OrderedDict
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from . import connections

if TYPE_CHECKING:
    from .job import Job
    from .lease import Lease

REST_S = 10.0  # after this much rest a surplus thread ends
TIDY = "tidy"
JOIN_S = 5.0  # how long closing waits for threads that are still at work


class Worker:
    """One thread. ``inbox`` takes jobs, ``TIDY``, and None, which ends it."""

    __slots__ = ("connections", "inbox", "pool", "thread")

    def __init__(self, pool: ThreadPool, number: int) -> None:
        self.pool = pool
        self.inbox: SimpleQueue[Job | str | None] = SimpleQueue()
        self.connections: dict[str, Any] | None = {}  # alias → wrapper; None: cannot be seen with this asgiref
        self.thread = threading.Thread(target=self._work, name=f"fastlane-{number}", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        self.connections = connections.of_this_thread()
        try:
            while True:
                try:
                    job = self.inbox.get(timeout=self.pool.rest_s)
                except Empty:
                    if self.pool.retire(self):
                        return
                    continue
                if job is None:
                    return
                if job is TIDY:
                    connections.tidy(self.connections)
                    self.pool.take_back(self)
                else:
                    job.lease.perform(job)  # type: ignore[union-attr,arg-type] # only jobs are left
                del job  # what it returned must not live until the next one comes
        finally:
            connections.close_here()


class ThreadPool:
    """At most ``size`` sync functions run at once, on at most ``most`` threads.

    Leases wait for their turn in the order in which they came, in two queues: a newcomer needs a thread too, and
    leases that have one, and will give it back, must not wait behind it. For the same reason a newcomer waits while
    all connections of a psycopg pool are in use: it might wait for one in the place of a request that holds one.
    """

    def __init__(self, size: int, most: int, rest_s: float = REST_S) -> None:
        self.size, self.most, self.rest_s = size, max(size, most), rest_s
        self._reset()
        _POOLS.add(self)

    def _reset(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.queue: OrderedDict[Lease, int] = OrderedDict()  # → its number in the order of coming
        self.newcomers: OrderedDict[Lease, int] = OrderedDict()
        self.came = 0
        self.connections = connections.smallest_pool()  # that a psycopg pool has; None: there is no pool
        self.holding: set[Worker] = set()  # who is leased and has one of them
        self.workers: set[Worker] = set()
        self.idle: list[Worker] = []
        self.closing = False
        self.started = 0

    @property
    def existing(self) -> int:
        """Threads alive."""
        return len(self.workers)

    @property
    def waiting(self) -> int:
        """Leases that have something to run and wait for their turn."""
        return len(self.queue) + len(self.newcomers)

    # All of these are called with the lock held.

    def enqueue(self, lease: Lease) -> None:
        """A lease that has something to run."""
        self.came += 1
        (self.newcomers if lease.worker is None else self.queue)[lease] = self.came
        self.dispatch()

    def dequeue(self, lease: Lease) -> None:
        """One that has nothing to run any more."""
        self.queue.pop(lease, None)
        self.newcomers.pop(lease, None)

    def dispatch(self) -> None:
        """Start whoever is next while there is room."""
        takes_newcomers = True
        while (self.queue or self.newcomers) and self.running < self.size and (queue := self._next(takes_newcomers)):
            lease, came = queue.popitem(last=False)
            if lease.worker is None:
                try:
                    lease.worker = self.idle.pop() if self.idle else self._new_thread()
                except RuntimeError as error:  # the system gives no more: go on with those there are
                    takes_newcomers = False
                    if self.workers:
                        queue[lease] = came
                        queue.move_to_end(lease, last=False)
                    else:
                        lease.refuse(error)
                    continue
            self.running += 1
            lease.running = True
            lease.worker.inbox.put(lease.jobs.popleft())

    def _next(self, takes_newcomers: bool) -> OrderedDict[Lease, int] | None:
        """The queue whose first has come first and can start."""
        if not takes_newcomers or not self.newcomers or not self._takes_newcomers():
            return self.queue
        if not self.queue:
            return self.newcomers
        first, newcomer = next(iter(self.queue.values())), next(iter(self.newcomers.values()))
        return self.queue if first < newcomer else self.newcomers

    def _takes_newcomers(self) -> bool:
        if self.connections is not None and len(self.holding) >= self.connections:
            return False
        return bool(self.idle) or len(self.workers) < self.most

    def _new_thread(self) -> Worker:
        self.started += 1
        worker = Worker(self, self.started)
        self.workers.add(worker)
        return worker

    def note_connection(self, worker: Worker) -> None:
        """Whether its job has left the thread with a connection of a pool."""
        if self.connections is not None:
            (self.holding.add if connections.holds_pooled(worker.connections) else self.holding.discard)(worker)

    def give_back(self, worker: Worker) -> None:
        """A thread whose lease has ended: tidied up first where that takes work."""
        if connections.leave(worker.connections):
            worker.inbox.put(TIDY)
        else:
            self._rest(worker)

    def _rest(self, worker: Worker) -> None:
        self.holding.discard(worker)  # if it still has one, whoever leases it next uses that
        if self.closing and not self.newcomers:
            self.workers.discard(worker)
            worker.inbox.put(None)
        else:
            self.idle.append(worker)
            self.dispatch()

    # These take the lock themselves.

    def take_back(self, worker: Worker) -> None:
        """A thread that has tidied itself up."""
        with self.lock:
            self._rest(worker)

    def retire(self, worker: Worker) -> bool:
        """Whether a thread that has rested is surplus, and is to end."""
        with self.lock:
            if worker not in self.idle or len(self.workers) <= self.size:
                return False
            self.idle.remove(worker)
            self.workers.discard(worker)
            return True

    def close(self, within_s: float = JOIN_S) -> None:
        """End all threads, closing their connections; those at work end when they are done. Blocks ``within_s``."""
        with self.lock:
            self.closing = True
            ending = list(self.workers)
            for worker in self.idle:
                self.workers.discard(worker)
                worker.inbox.put(None)
            self.idle.clear()
        deadline_s = time.monotonic() + within_s
        for worker in ending:
            worker.thread.join(max(0.0, deadline_s - time.monotonic()))


_POOLS: weakref.WeakSet[ThreadPool] = weakref.WeakSet()


def _after_fork() -> None:
    """Threads do not survive a fork: the child starts with none. Its wrappers are the parent's, as with WSGI."""
    for pool in list(_POOLS):
        pool._reset()


def _at_exit() -> None:
    for pool in list(_POOLS):
        pool.close(within_s=1.0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
