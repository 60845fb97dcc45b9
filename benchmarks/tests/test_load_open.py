"""The open loop: users arrive whether or not those before them were answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import statistics
import time

import pytest

from benchmarks.load.pacing import Load, OpenLoop, load_of
from benchmarks.load.recorder import Tally
from benchmarks.load.results import LoadResult
from benchmarks.load.specs import Arrivals, Phase
from benchmarks.tests.loading import (
    EXPECTED,
    OK,
    Handler,
    answering,
    answering_with,
    at_least,
    drive,
    hanging_up,
    keep_tallies,
    load_spec,
    longest_s,
    open_spec,
)

STALL_S = 0.5


class Stalling:
    """A server that says nothing for ``STALL_S``, from some time after the window began."""

    def __init__(self) -> None:
        self.waiting = self.highest = 0
        self.handle = answering_with(self.answer)

    async def answer(self, writer: asyncio.StreamWriter, request: bytes) -> None:
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        writer.write(OK)

    def prepare(self, load: Load) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def at_edge(self, edge: str) -> None:
        if edge == "begin":
            self.task = asyncio.get_running_loop().create_task(self.stall())

    async def stall(self) -> None:
        await asyncio.sleep(0.2)
        self.open.clear()
        await asyncio.sleep(STALL_S)
        self.highest = self.waiting
        self.open.set()


def test_arrivals_do_not_wait_for_answers_and_latency_counts_from_when_they_were_due() -> None:
    rate, server = 200.0, Stalling()
    result = drive(
        server.handle, look=server.prepare, at_edge=server.at_edge, **open_spec(rate, duration_s=1.5, concurrency=1000)
    )
    assert result.errors == {}
    assert result.unsent == 0
    assert server.highest >= rate * STALL_S * 0.5, "they went on arriving"
    for share in (0.25, 0.5, 0.75):  # who arrives within the first half of a stall waits half of it or longer
        assert at_least(result.histogram, share * STALL_S) >= rate * STALL_S * (1 - share) - 4
    assert longest_s(result.histogram) >= STALL_S - 4 / rate
    assert result.succeeded > at_least(result.histogram, STALL_S / 2) * 2, "most arrive at other times"


def test_a_closed_loop_waits_and_so_cannot_show_the_stall() -> None:
    server = Stalling()
    result = drive(server.handle, look=server.prepare, at_edge=server.at_edge, duration_s=1.2)
    assert server.highest == 4
    assert 4 <= at_least(result.histogram, STALL_S / 2) <= 8


def test_those_who_find_too_many_under_way_are_counted_and_not_sent() -> None:
    asked, release = itertools.count(1), []

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        if next(asked) > 20:
            await release[0].wait()
        writer.write(OK)

    result = drive(
        answering_with(answer),
        look=lambda load: release.append(asyncio.Event()),
        at_edge=lambda edge: edge == "end" and release[0].set(),
        **open_spec(200.0, concurrency=5, duration_s=0.6, warmup_s=0.3, timeout_s=30.0),
    )
    assert result.in_flight_after == 5
    assert result.unsent > 0
    assert result.offered == result.sent + result.unsent
    assert sum(one.unsent for one in result.slices) == result.unsent
    assert (result.achieved or 0.0) < 1


def watched(handler: Handler, **options: object) -> tuple[LoadResult, list[Tally]]:
    """A round and what was noted in its warm-up, its window and its drain."""
    tallies: list[Tally] = []
    result = drive(handler, look=lambda load: keep_tallies(load, tallies), **options)
    return result, tallies


def gaps_s(moments_s: list[float]) -> list[float]:
    return [later - former for former, later in itertools.pairwise(moments_s)]


@pytest.mark.parametrize("rate", [100.0, 333.0, 2000.0])
def test_constant_arrivals_are_evenly_spaced_whatever_the_server_does(rate: float) -> None:
    result, (warmup, window, *_) = watched(answering(OK, pause_s=0.01), **open_spec(rate, concurrency=3))
    assert len(window.arrivals_s) == result.offered
    together_s = warmup.arrivals_s + window.arrivals_s  # nor does the window's edge disturb them
    assert gaps_s(together_s) == pytest.approx([1 / rate] * (len(together_s) - 1), abs=1e-9)


def test_a_window_does_not_begin_with_what_the_generator_itself_held_up() -> None:
    """It clears its memory before; at 1,000/s, one that did so in the window would find it full of old arrivals."""
    held_up = []
    for _ in range(3):
        _, (_, window, *_) = watched(answering(OK), **open_spec(1000.0, duration_s=0.1))
        held_up.append(sum(at_s < window.began_s for at_s in window.arrivals_s))
    assert min(held_up) <= 5


def test_the_offset_is_that_of_the_first_arrival() -> None:
    _, (warmup, *_) = watched(answering(OK), **open_spec(offset_s=0.1))
    assert warmup.arrivals_s[0] >= warmup.began_s + 0.1


def test_phases_change_the_rate_within_the_window() -> None:
    phases = (Phase(50.0, 0.3), Phase(400.0, 0.3), Phase(100.0, 0.3))
    _, (_, window, *_) = watched(answering(OK), **open_spec(duration_s=0.9, phases=phases))
    for number, phase in enumerate(phases):
        from_s = window.began_s + 0.3 * number
        inside_s = [at_s for at_s in window.arrivals_s if from_s + 0.03 < at_s < from_s + 0.27]
        assert gaps_s(inside_s) == pytest.approx([1 / phase.rate_per_s] * (len(inside_s) - 1), abs=1e-9)
        assert len(inside_s) > 0.5 * 0.24 * phase.rate_per_s


def poisson_gaps_s(count: int, at_s: float = 0.0, **options: object) -> list[float]:
    load = load_of(load_spec(**{**open_spec(100.0), "arrivals": Arrivals.POISSON, **options}), [EXPECTED])
    assert isinstance(load, OpenLoop)
    return [load._gap_s(at_s) for _ in range(count)]


def test_poisson_arrivals_are_the_same_with_the_same_seed_and_others_with_another() -> None:
    assert poisson_gaps_s(100, seed=7) == poisson_gaps_s(100, seed=7)
    assert poisson_gaps_s(100, seed=7) != poisson_gaps_s(100, seed=8)


@pytest.mark.parametrize("rate", [1.0, 100.0, 20_000.0])
def test_poisson_gaps_are_exponential(rate: float) -> None:
    found_s = poisson_gaps_s(40_000, phases=(Phase(rate, 1.0),))
    mean_s = statistics.fmean(found_s)
    assert mean_s * rate == pytest.approx(1.0, rel=0.02)
    assert statistics.stdev(found_s) / mean_s == pytest.approx(1.0, rel=0.03)
    for times in (0.1, 1.0, 3.0):
        longer = sum(gap_s * rate > times for gap_s in found_s) / len(found_s)
        assert longer == pytest.approx(2.718281828**-times, rel=0.1)


def test_poisson_gaps_follow_the_phases() -> None:
    load = load_of(load_spec(**open_spec(phases=(Phase(10.0, 1.0), Phase(1000.0, 1.0)))), [EXPECTED])
    assert isinstance(load, OpenLoop)
    assert load._rate_per_s(123.0) == 10.0, "before the window the first phase's"
    load.window_began_s = 100.0
    rates = [load._rate_per_s(at_s) for at_s in (99.9, 100.0, 100.999, 101.001, 101.999, 105.0)]
    assert rates == [10.0, 10.0, 10.0, 1000.0, 1000.0, 1000.0]


def test_all_that_arrive_are_answered_by_a_server_that_keeps_up() -> None:
    result = drive(answering(OK), **open_spec(arrivals=Arrivals.POISSON, duration_s=0.6))
    assert result.errors == {}
    assert result.unsent == 0
    assert result.offered > 0.5 * 200 * result.window_s
    assert result.achieved == pytest.approx(1.0, rel=0.4)
    assert [one.offered > 0 for one in result.slices].count(True) >= 5


def test_a_generator_that_comes_late_says_so_and_blames_itself_in_the_latency_too() -> None:
    """Its own loop is held up for 0.2 s: who was due in the first half is sent 0.1 s late or later."""

    def hold_up(edge: str) -> None:
        if edge == "begin":
            asyncio.get_running_loop().call_later(0.1, time.sleep, 0.2)

    result = drive(answering(OK), at_edge=hold_up, **open_spec(duration_s=0.8))
    assert sum(result.send_lag.values()) == result.sent
    assert at_least(result.send_lag, 0.1) >= 200 * 0.1 - 3
    assert at_least(result.histogram, 0.1) >= at_least(result.send_lag, 0.1)
    assert at_least(result.first_byte, 0.1) < at_least(result.histogram, 0.1), "the server answered at once"


def test_idle_connections_that_the_server_closes_are_opened_anew() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with hanging_up(writer):
            with contextlib.suppress(TimeoutError):
                while await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=0.005):
                    writer.write(OK)

    result = drive(handle, **open_spec(60.0, duration_s=0.8, concurrency=3, warmup_limit_s=8.0))
    assert result.warmed_up
    assert result.succeeded > 0
    assert result.connections_opened > 1
    assert result.connections_closed > 1
    assert set(result.errors) <= {"reset"}  # a request may pass the hanging up on its way


def test_what_was_under_way_when_a_connection_broke_is_not_sent_again() -> None:
    dice, asked = random.Random(2), itertools.count()

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> bool:
        next(asked)
        if chosen := dice.random() < 0.5:
            writer.write(OK)
        return chosen

    result = drive(answering_with(answer), **open_spec(concurrency=20))
    assert set(result.errors) == {"reset"}
    assert result.succeeded > 0
    assert result.answered_in_all == next(asked)
