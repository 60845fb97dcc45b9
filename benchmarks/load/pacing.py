"""When requests are sent. Closed loop: each connection sends its next request when it has its answer.

Closed-loop latency says how long an answer took while the client waited for it; it cannot show what a user would have
felt who came during a stall, and reports label it so.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import perf_counter
from typing import Any

from benchmarks.load.http import Connection
from benchmarks.load.specs import Expectation, LoadResult, LoadSpec
from benchmarks.stats.histogram import Histogram

EXPIRY_STEP_S = 0.1
POLL_S = 0.01


class ClosedLoop:
    """One round of closed-loop load."""

    def __init__(self, spec: LoadSpec) -> None:
        self.spec = spec
        host = f"{spec.host}:{spec.port}"
        self.requests: Sequence[bytes] = [exchange.encode(spec.prefix, host) for exchange in spec.exchanges]
        self.expectations: Sequence[Expectation] = [exchange.expectation for exchange in spec.exchanges]
        self.order = list(range(len(self.requests)))
        random.Random(spec.seed).shuffle(self.order)
        self.position = 0
        self.sending = False
        self.connections = [Connection(self) for _ in range(spec.concurrency)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._reset()

    def _reset(self) -> None:
        self.latencies_s: list[float] = []
        self.errors: Counter[str] = Counter()
        self.sent = 0

    def next_exchange(self) -> int:
        """The next request of the shuffled, endless order."""
        self.sent += 1
        self.position = (self.position + 1) % len(self.order)
        return self.order[self.position]

    def finished(self, started_s: float, complaint: str) -> None:
        """Note an answer, or what was wrong with it. A failure is never a fast success."""
        if complaint:
            self.errors[complaint] += 1
        else:
            self.latencies_s.append(perf_counter() - started_s)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def in_flight(self) -> int:
        return sum(1 for connection in self.connections if connection.started_s)

    async def run(self, notify: Callable[[str], Awaitable[None]]) -> LoadResult:
        """Warm up, measure, drain. ``notify`` is awaited with ``"begin"`` and ``"end"`` around the window.

        Only what was answered within the window counts.
        """
        expirer = asyncio.get_running_loop().create_task(self._expire())
        try:
            warmed_up = await self._warm_up()
            await notify("begin")
            gc.collect()
            gc.disable()
            self._reset()
            before, began_s = self.in_flight, perf_counter()
            await asyncio.sleep(self.spec.duration_s)
            window_s, after, sent = perf_counter() - began_s, self.in_flight, self.sent
            self.sending = False
            latencies_s, errors = self.latencies_s, Counter(self.errors)
            self._reset()
            gc.enable()
            await notify("end")
            await self._drain()
        finally:
            self.sending = False
            expirer.cancel()
            for connection in self.connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(POLL_S)  # let the loop close them
        return LoadResult(
            window_s=window_s,
            sent=sent,
            in_flight_before=before,
            in_flight_after=after,
            succeeded=len(latencies_s),
            errors=dict(errors),
            warmed_up=warmed_up,
            histogram=dict(Histogram.of_seconds(latencies_s).counts),
        )

    async def _warm_up(self) -> bool:
        """Ramp up, then until each connection has an answer; False when that took too long.

        Connections begin one after another over ``warmup_s``: begun at once they would wait and be answered in step,
        and a window would hold one wave more or less.
        """
        self.sending = True
        began_s = perf_counter()
        for position, connection in enumerate(self.connections):
            while (ahead_s := began_s + self.spec.warmup_s * position / len(self.connections) - perf_counter()) > 0:
                await asyncio.sleep(min(ahead_s, POLL_S))
            connection.begin()
        while True:
            await asyncio.sleep(POLL_S)
            elapsed_s = perf_counter() - began_s
            everyone = all(connection.answered for connection in self.connections)
            if everyone and elapsed_s >= self.spec.warmup_s:
                return True
            if elapsed_s >= max(self.spec.warmup_s, self.spec.warmup_limit_s):
                return False

    async def _drain(self) -> None:
        """Let what is under way end, so that the next contender finds the machine idle."""
        deadline_s = perf_counter() + self.spec.timeout_s + 2 * EXPIRY_STEP_S
        while self.in_flight and perf_counter() < deadline_s:
            await asyncio.sleep(POLL_S)

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_STEP_S)
            oldest_s = perf_counter() - self.spec.timeout_s
            for connection in self.connections:
                if connection.started_s and connection.started_s < oldest_s:
                    connection.expire()
