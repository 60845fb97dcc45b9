"""When requests are sent: closed loop, open loop, or not at all.

Closed-loop latency says how long an answer took while the client waited for it; it cannot show what a user would have
felt who came during a stall, and reports label it so. Open-loop latency counts from the moment a request should have
been sent (G. Tene, "How NOT to Measure Latency"; wrk2).
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from benchmarks.load.http import Connection
from benchmarks.load.recorder import Edges, Recorder, result_of
from benchmarks.load.results import LoadResult
from benchmarks.load.specs import Arrivals, Exchange, Expectation, LoadSpec, Model
from benchmarks.load.timer import Timer

EXPIRY_STEP_S = 0.1
POLL_S = 0.01
SETTLE_S = 0.05  # what waited for the garbage collector is over before the window begins
MOST_AT_ONCE = 64  # arrivals, before answers are read again: a generator that is asked for too much must not hang
Notify = Callable[[str], Awaitable[None]]


class Load:
    """One round of load: warm up, measure, drain. Subclasses decide what is sent and when."""

    def __init__(self, spec: LoadSpec, exchanges: Sequence[Exchange]) -> None:
        self.spec = spec
        host = f"{spec.host}:{spec.port}"
        kinds: dict[tuple[Expectation, str], int] = {}
        requests = [
            (kinds.setdefault((one.expectation, one.group), len(kinds)), one.encode(spec.prefix, host))
            for one in exchanges
        ]
        random.Random(spec.seed).shuffle(requests)
        self.next_request = itertools.cycle(requests).__next__
        self.expectations = [expectation for expectation, _ in kinds]
        self.groups = [group for _, group in kinds]
        self.streams = any(expectation.chunks for expectation in self.expectations)
        self.approved: list[bytes | None] = [None] * (len(kinds) + 1)
        self.sending = False
        self.recorder = Recorder()
        self.connections: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def released(self, connection: Connection, now_s: float) -> None:
        """A connection has nothing under way any more; it may have been closed."""
        raise NotImplementedError

    async def warm_up(self) -> bool:
        """Send until measuring makes sense; False when that took too long."""
        raise NotImplementedError

    def begin(self) -> None:
        """The window begins."""

    def before_cut(self) -> None:
        """The window is about to end."""

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def in_flight(self) -> int:
        return sum(1 for connection in self.connections if connection.intended_s)

    async def run(self, notify: Notify) -> LoadResult:
        """Warm up, measure, drain. ``notify`` is awaited with ``"begin"`` and ``"end"`` around the window.

        Only what was answered within the window counts.
        """
        recorder = self.recorder
        expirer = asyncio.get_running_loop().create_task(self._expire())
        try:
            warmed_up = await self.warm_up()
            gc.collect()
            gc.disable()
            await asyncio.sleep(SETTLE_S)
            await notify("begin")
            recorder.cut()
            before, open_before = self.in_flight, recorder.connections
            self.begin()
            await asyncio.sleep(self.spec.duration_s)
            self.before_cut()
            after, tally = self.in_flight, recorder.cut()
            self.sending = False
            edges = Edges(before, after, open_before, recorder.connections, warmed_up)
            await notify("end")
            await self._drain()
            left = self.in_flight  # a connection that hangs while connecting, say: past its time by any count
            drain = recorder.cut()
            drain.failures += [(drain.ended_s, "timeout")] * left
        finally:
            gc.enable()
            self.sending = False
            expirer.cancel()
            for connection in self.connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(POLL_S)  # let the loop close them
        recorder.cut()
        result = result_of(tally, drain, edges, self.spec, self.groups)
        return replace(result, answered_in_all=recorder.answered_in_all)

    async def _drain(self) -> None:
        """Let what is under way end, so that the next contender finds the machine idle."""
        deadline_s = perf_counter() + self.spec.timeout_s + 2 * EXPIRY_STEP_S
        while self.in_flight and perf_counter() < deadline_s:
            await asyncio.sleep(POLL_S)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_STEP_S)
            now_s = perf_counter()
            oldest_s = now_s - self.spec.timeout_s
            for connection in self.connections:
                if connection.intended_s and connection.intended_s < oldest_s:
                    connection.expire(now_s)


class ClosedLoop(Load):
    """Each connection sends its next request when it has its answer."""

    def released(self, connection: Connection, now_s: float) -> None:
        if self.sending:
            connection.send(now_s, now_s)
        elif connection.transport is not None:
            connection.transport.close()

    async def warm_up(self) -> bool:
        """Ramp up, then until each connection has an answer.

        Connections begin one after another over ``warmup_s``: begun at once they would wait and be answered in step,
        and a window would hold one wave more or less.
        """
        self.sending = True
        self.connections = [Connection(self) for _ in range(self.spec.concurrency)]
        began_s = perf_counter()
        for position, connection in enumerate(self.connections):
            while (ahead_s := began_s + self.spec.warmup_s * position / len(self.connections) - perf_counter()) > 0:
                await asyncio.sleep(min(ahead_s, POLL_S))
            now_s = perf_counter()
            connection.send(now_s, now_s)
        while True:
            await asyncio.sleep(POLL_S)
            elapsed_s = perf_counter() - began_s
            everyone = all(connection.answered for connection in self.connections)
            if everyone and elapsed_s >= self.spec.warmup_s:
                return True
            if elapsed_s >= max(self.spec.warmup_s, self.spec.warmup_limit_s):
                return False


class Silent(ClosedLoop):
    """Connections that are open and say nothing, each after one answer."""

    def released(self, connection: Connection, now_s: float) -> None:
        if self.sending and not connection.answered:  # the first answer was wrong, or none
            connection.send(now_s, now_s)
        elif not self.sending and connection.transport is not None:
            connection.transport.close()

    async def warm_up(self) -> bool:
        warmed_up = await super().warm_up()
        await asyncio.sleep(self.spec.warmup_s)  # what an answer leaves behind has been tidied up
        return warmed_up


class OpenLoop(Load):
    """Arrivals come as they come, whatever was answered; each takes an idle connection or opens one.

    One that finds ``concurrency`` requests under way is counted as unsent. Idle connections are taken youngest first.
    """

    def __init__(self, spec: LoadSpec, exchanges: Sequence[Exchange]) -> None:
        super().__init__(spec, exchanges)
        self.idle: list[Connection] = []
        self.dice = random.Random(f"arrivals/{spec.seed}")
        self.window_began_s: float | None = None

    def released(self, connection: Connection, now_s: float) -> None:
        if self.sending:
            if not connection.idle:  # an idle one that the server closed is in the list already
                connection.idle = True
                self.idle.append(connection)
        elif connection.transport is not None:
            connection.transport.close()

    async def run(self, notify: Notify) -> LoadResult:
        self.timer = Timer(self._arrive)
        try:
            return await super().run(notify)
        finally:
            self.timer.close()

    async def warm_up(self) -> bool:
        """Until the first answer, so that as many are under way as will be, and ``warmup_s`` more."""
        self.sending = True
        began_s = perf_counter()
        self.next_s = (self.spec.begins_s or began_s) + self.spec.offset_s
        self.timer.set(self.next_s)
        while not any(connection.answered for connection in self.connections):
            await asyncio.sleep(POLL_S)
            if perf_counter() - began_s >= self.spec.warmup_limit_s:
                return False
        await asyncio.sleep(max(self.spec.warmup_s, perf_counter() - began_s))
        return True

    def begin(self) -> None:
        self.window_began_s = perf_counter()

    def _arrive(self) -> None:
        """What is due is sent now, and counted from when it was due."""
        if not self.sending:
            return
        now_s = perf_counter()
        for _ in range(MOST_AT_ONCE):
            if self.next_s > now_s:
                break
            connection = self._take()
            self.recorder.arrived(self.next_s, now_s, connection is not None)
            if connection is not None:
                connection.idle = False
                connection.send(self.next_s, now_s)
            self.next_s += self._gap_s(self.next_s)
        self.timer.set(self.next_s)

    def before_cut(self) -> None:
        """What is due by now and could not even be looked at was offered all the same, and not sent."""
        now_s = perf_counter()
        rate_per_s = self._rate_per_s(now_s)
        for number in range(int((now_s - self.next_s) * rate_per_s)):
            self.recorder.arrived(self.next_s + number / rate_per_s, now_s, sent=False)

    def _take(self) -> Connection | None:
        if self.idle:
            return self.idle.pop()
        if len(self.connections) < self.spec.concurrency:
            connection = Connection(self)
            self.connections.append(connection)
            return connection
        return None

    def _gap_s(self, at_s: float) -> float:
        """Seconds from the arrival at ``at_s`` to the next."""
        mean_s = 1.0 / self._rate_per_s(at_s)
        return self.dice.expovariate(1.0) * mean_s if self.spec.arrivals is Arrivals.POISSON else mean_s

    def _rate_per_s(self, at_s: float) -> float:
        if self.window_began_s is not None:
            elapsed_s = at_s - self.window_began_s
            for phase in self.spec.phases:
                if elapsed_s < phase.duration_s:
                    return phase.rate_per_s
                elapsed_s -= phase.duration_s
            return self.spec.phases[-1].rate_per_s
        return self.spec.phases[0].rate_per_s


LOADS: dict[Model, type[Load]] = {Model.CLOSED: ClosedLoop, Model.OPEN: OpenLoop, Model.SILENT: Silent}


def load_of(spec: LoadSpec, exchanges: Sequence[Exchange]) -> Load:
    """The load that a specification asks for."""
    return LOADS[spec.model](spec, exchanges)
