"""Generators as they are: processes of their own, several that act as one, against a server that counts."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cpus import available_cpus, lay_out
from benchmarks.exceptions import LoadError
from benchmarks.load.client import Generator, Generators
from benchmarks.load.results import LoadResult, merged_counts
from benchmarks.load.specs import Exchange, Expectation, Model
from benchmarks.stage import start_generators
from benchmarks.tests.loading import EXPECTED, OK, Handler, answering, answering_with, load_spec, open_spec, served
from benchmarks.wards import Guard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own_guard() -> Iterator[Guard]:
    """Not the session's, whose stage has a generator of the same name."""
    with Guard() as guard:
        yield guard


@pytest.fixture(scope="module")
def generators(own_guard: Guard) -> Iterator[Generators]:
    with start_generators(own_guard, lay_out(available_cpus(), generators=2), 2) as generators:
        yield generators


class Counting:
    """A server that knows what it was asked, and by how many."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.peers: set[object] = set()

    @property
    def handler(self) -> Handler:
        async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
            self.asked.append(request.split()[1])
            self.peers.add(writer.get_extra_info("peername"))
            writer.write(OK)

        return answering_with(answer)


def check_sums(result: LoadResult) -> None:
    assert result.sent + result.in_flight_before == result.succeeded + result.failed + result.in_flight_after
    opened = result.connections_before + result.connections_opened
    assert opened == result.connections_closed + result.connections_after
    assert sum(result.histogram.values()) == sum(result.first_byte.values())
    assert result.offered is not None or sum(result.histogram.values()) == result.succeeded
    assert sum(one.succeeded for one in result.slices) == result.succeeded


def test_two_act_as_one(generators: Generators) -> None:
    server, at_edges = Counting(), []
    with served(server.handler) as port:
        spec = load_spec(port=port, concurrency=7, duration_s=1.0, warmup_limit_s=8.0)

        def note() -> None:
            at_edges.append((time.perf_counter(), len(server.asked)))

        result = generators.run(spec, [EXPECTED], note, note)
    check_sums(result)
    (began_s, asked_before), (ended_s, asked_after) = at_edges
    assert 0.99 * spec.duration_s <= ended_s - began_s < 1.9 * spec.duration_s, "their windows are side by side"
    assert 0.99 * spec.duration_s <= result.window_s < 1.9 * spec.duration_s
    assert len(server.peers) == result.connections_before == result.connections_after == 7
    assert result.warmed_up
    assert result.errors == {}
    assert result.answered_in_all == len(server.asked)
    assert 0 < result.succeeded <= asked_after - asked_before + 7


def test_both_do_their_share_of_an_open_loop(generators: Generators) -> None:
    server = Counting()
    with served(server.handler) as port:
        spec = load_spec(port=port, **open_spec(400.0, duration_s=1.0, warmup_limit_s=8.0))
        result = generators.run(spec, [EXPECTED])
    check_sums(result)
    assert result.offered == result.sent + result.unsent
    assert result.offered == pytest.approx(400 * result.window_s, rel=0.5)
    assert sum(result.send_lag.values()) == result.sent
    assert result.answered_in_all == len(server.asked)


@pytest.mark.parametrize("model", ["closed", "open"])
def test_groups_and_streams_of_both_add_up(generators: Generators, model: str) -> None:
    body = b"data: 1\n\ndata: 2\n\ndata: 3\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    exchanges = [
        Exchange("n=1", expectation=Expectation(body=b"hi"), group="plain"),
        Exchange("n=2", expectation=Expectation(body=body, chunks=3), group="stream"),
    ]

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        if b"n=1" in request:
            writer.write(OK)
            return
        for piece in (head + body[:9], body[9:]):
            writer.write(piece)
            await asyncio.sleep(0.002)

    options = open_spec(200.0, duration_s=0.5) if model == "open" else {"duration_s": 0.5}
    with served(answering_with(answer)) as port:
        spec = load_spec(port=port, exchanges=f"groups {model}", warmup_limit_s=8.0, **options)
        result = generators.run(spec, exchanges)
    check_sums(result)
    assert result.errors == {}
    assert merged_counts(result.groups.values()) == result.histogram
    streams = sum(result.groups["stream"].values())
    assert 0 < streams < sum(result.histogram.values())
    assert sum(result.first_chunk.values()) == streams
    assert sum(result.gaps.values()) == 2 * streams
    assert result.gaps[0] >= streams, "two of three come together"


def test_silence_is_kept_by_both(generators: Generators) -> None:
    server, asked = Counting(), []
    with served(server.handler) as port:
        spec = load_spec(port=port, model=Model.SILENT, concurrency=11, warmup_limit_s=8.0)

        def note() -> None:
            asked.append(len(server.asked))

        result = generators.run(spec, [EXPECTED], note, note)
    assert asked == [11, 11]
    assert (result.sent, result.connections_before, result.connections_after) == (0, 11, 11)


def test_fewer_connections_than_generators_leave_one_idle(generators: Generators) -> None:
    server = Counting()
    with served(server.handler) as port:
        result = generators.run(load_spec(port=port, concurrency=1, warmup_limit_s=8.0), [EXPECTED])
    assert len(server.peers) == 1
    assert result.connections_before == 1
    assert result.errors == {}


def test_rounds_follow_each_other_with_other_exchanges(generators: Generators) -> None:
    for number in range(2):
        server = Counting()
        exchanges = [Exchange(f"n={one}", expectation=Expectation(body=b"hi")) for one in (number, number + 10)]
        with served(server.handler) as port:
            result = generators.run(load_spec(port=port, exchanges=f"list {number}", warmup_limit_s=8.0), exchanges)
        assert result.errors == {}
        assert set(server.asked) == {f"/x/?n={one}".encode() for one in (number, number + 10)}


@pytest.mark.parametrize("after_s", [0.0, 0.3], ids=["at the edge", "in the window"])
@pytest.mark.parametrize("victim", [0, 1])
def test_a_generator_that_is_killed_is_a_clear_error_then_and_ever_after(victim: int, after_s: float) -> None:
    layout = lay_out(available_cpus(), generators=2)
    with Guard() as guard, served(answering(OK)) as port, start_generators(guard, layout, 2) as generators:
        spec = load_spec(port=port, warmup_limit_s=8.0, duration_s=1.5)
        ward = generators.generators[victim].ward

        def kill() -> None:
            os.kill(ward.pid, signal.SIGKILL)
            assert ward.ended.wait(10)

        killer = threading.Timer(after_s, kill)
        with pytest.raises(LoadError, match="the load generator died"):
            generators.run(spec, [EXPECTED], killer.start if after_s else kill)
        with pytest.raises(LoadError, match="the load generator died"):
            generators.generators[victim].order(spec)
            generators.generators[victim].hear()


def test_a_generator_that_does_not_start_is_an_error_with_its_log(own_guard: Guard, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "raise SystemExit('no room for a generator')"]
    generator = Generator(own_guard.start("stillborn", argv), tmp_path / "nowhere.sock")
    with pytest.raises(LoadError, match=r"did not start[^$]*no room for a generator"):
        generator.connect()


def test_the_order_of_requests_is_the_seeds(generators: Generators) -> None:
    exchanges = [Exchange(f"n={number}", expectation=Expectation(body=b"hi")) for number in range(50)]
    orders = []
    for seed in (1, 1, 2):
        server = Counting()
        with served(server.handler) as port:
            spec = load_spec(port=port, concurrency=1, seed=seed, exchanges="fifty", warmup_limit_s=8.0)
            generators.run(spec, exchanges)
        orders.append(list(itertools.islice(server.asked, 50)))
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_a_contender_that_answers_anything_does_not_kill_its_generators(generators: Generators) -> None:
    upgrading = b"HTTP/1.1 101 Moving On\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    for answer in (upgrading, b"\x00\xff" * 1000, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", OK * 3):
        with served(answering(answer)) as port:
            result = generators.run(load_spec(port=port), [EXPECTED])
        check_sums(result)
        assert set(result.errors) <= {"body"}
        assert result.succeeded == 0
    assert all(generator.ward.alive for generator in generators.generators)


def test_several_generators_keep_one_constant_pace(generators: Generators) -> None:
    """Arrivals of both lie evenly between each other, though each process counts for itself."""
    moments_s: list[float] = []

    async def answer(writer: asyncio.StreamWriter, request: bytes) -> None:
        moments_s.append(time.perf_counter())
        writer.write(OK)

    with served(answering_with(answer)) as port:
        spec = load_spec(port=port, **open_spec(100.0, duration_s=2.0))
        result = generators.run(spec, [EXPECTED])
    assert result.errors == {}
    gaps_ms = sorted((later - former) * 1000 for former, later in itertools.pairwise(moments_s[20:]))
    assert gaps_ms[len(gaps_ms) // 4] > 6.5, "10 ms apart, but for noise"
    assert gaps_ms[-len(gaps_ms) // 4] < 13.5
