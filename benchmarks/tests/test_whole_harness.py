"""The whole harness on servers whose delays are known: sweeps, open loops, overloads; nothing is faked."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.axes import Axis, Point, Sweep
from benchmarks.events import Event, RoundFinished, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.instrument import COMMAND, EXPECTED, asking
from benchmarks.load.specs import Exchange
from benchmarks.plan import Contender, Plan, Workload
from benchmarks.record import RunRecord, State
from benchmarks.runner import Runner
from benchmarks.servers.base import Hosting, Interface, Server
from benchmarks.stats.overload import FACTORS
from benchmarks.stats.summary import summarise

pytestmark = pytest.mark.slow
FIRST, SECOND = "5ms@delays", "5ms-again@delays"
CONTENDERS = tuple(map(Contender.parse, (FIRST, SECOND)))
MEASURED = (State.OK, State.VOID)  # tests may run on a busy machine, where rounds are rightly void


def command(hosting: Hosting) -> tuple[str, ...]:
    return (hosting.python, *COMMAND)


DELAYS = Server("delays", Interface.AIOHTTP, "known delays", command, settable=frozenset({"workers"}))


def run(exchanges: dict[Point, tuple[Exchange, ...]] | None = None, **changes: Any) -> tuple[RunRecord, list[Event]]:
    """One run, and all that was told about it."""
    events: list[Event] = []
    workload = Workload(
        scenario="known",
        title="t",
        question="q?",
        needs=frozenset(),
        exchanges=exchanges or {Point(): (Exchange(expectation=EXPECTED),)},
        concurrency=6,
        baseline=FIRST,
    )
    usual = {"concurrencies": (4,), "rounds": 2, "duration_s": 0.2, "warmup_s": 0.05}
    plan = Plan(**{"workloads": (workload,), "contenders": CONTENDERS, **usual, **changes})
    return Runner(plan, events.append, {"delays": DELAYS}).run(), events


def starts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Step) and ": starting " in event.text]


def test_a_sweep_over_waits_asks_one_server_of_each_contender_for_all_of_them() -> None:
    waits_ms = (2.0, 20.0)
    exchanges = {Point(Axis.WAIT, wait_ms): (asking(wait_ms),) for wait_ms in waits_ms}
    record, events = run(exchanges, sweep=Sweep(Axis.WAIT, waits_ms))
    assert starts(events) == ["known: starting 2 servers"]
    assert [(cell.contender, cell.sweep_value) for cell in record.cells] == [
        *((FIRST, 2.0), (SECOND, 2.0), (FIRST, 20.0), (SECOND, 20.0))
    ]
    for cell in record.cells:
        assert cell.state in MEASURED, cell.reason
        assert cell.verified[0] == "1 randomised answers"
        assert len(cell.rounds) == 2
        for row in summarise(record, "known"):
            assert row.p50_ms is None or row.p50_ms >= row.cell.sweep_value
    played = [event.entry.position for event in events if isinstance(event, RoundFinished)]
    assert played == [1, 2, 3, 4] * 2, "all cells of a round, one after another"


def test_a_sweep_over_workers_has_a_server_for_each_number_of_them() -> None:
    _, events = run(contenders=CONTENDERS[:1], rounds=1, sweep=Sweep(Axis.WORKERS, (1.0, 2.0, 3.0)))
    assert starts(events) == ["known: starting 3 servers"]


def test_an_open_loop_sends_what_it_was_asked_for_and_keeps_count() -> None:
    record, _ = run(concurrencies=(), rates_per_s=(40.0, 80.0), in_flight=20, duration_s=0.5, generators=2)
    for cell in record.cells:
        assert cell.level == f"{cell.rate_per_s:g} requests/s"
        assert cell.idle.connections == 6, "the card's own level, since an open loop has no number of connections"
        for entry in cell.rounds:
            assert entry.load.offered == entry.load.sent + entry.load.unsent
            assert entry.load.offered == pytest.approx(cell.rate_per_s * 0.5, abs=4)
            assert entry.usage.keys() == {"server", "generator 1", "generator 2"}
    assert record.options["load"] == "open loop"
    assert record.options["generators"] == 2


def test_what_silent_connections_cost_is_measured_at_every_level_of_all_servers() -> None:
    record, _ = run(concurrencies=(2, 4, 200), rounds=1)
    for cell in record.cells:
        assert cell.idle.connections == cell.concurrency, "all were open"
        assert cell.idle.rss_bytes > 5_000_000
    of_200 = {cell.idle.rss_bytes for cell in record.cells if cell.concurrency == 200}
    assert min(of_200) > max(cell.idle.rss_bytes for cell in record.cells if cell.concurrency == 2), "a thread for each"


def test_beyond_its_capacity_every_contender_is_pushed_and_watched() -> None:
    record, events = run(contenders=CONTENDERS[:1], rounds=1, patience=20, overload=True, in_flight=50, timeout_s=1.5)
    (cell,) = record.cells  # with patience: on a busy machine the first rounds may be void
    assert cell.idle.connections == 4
    assert cell.idle.rss_bytes > 0
    found = cell.overload
    assert found.timeout_s == 1.5, "as the plan says, since it is less than what an overload would wait"
    assert [step.factor for step in found.steps] == pytest.approx(FACTORS)
    assert found.capacity_per_s == pytest.approx(cell.valid_rounds[-1].requests_per_s, rel=0.2)
    assert found.steps[0].offered_per_s == pytest.approx(FACTORS[0] * found.capacity_per_s, rel=0.1)
    assert len(found.timeline) * found.slice_s == pytest.approx(sum([1.5] * len(FACTORS)) + 5.0, rel=0.05)
    said = [event.text for event in events if isinstance(event, Step)]
    assert f"known: {FIRST} beyond its capacity" in said


def test_what_is_told_has_a_beginning_and_an_end() -> None:
    record, events = run(rounds=1)
    kinds = [type(event) for event in events]
    assert kinds[0] is RunStarted
    assert events[0].rounds_planned == kinds.count(RoundStarted) == kinds.count(RoundFinished) == 2
    assert kinds[-1] is RunFinished
    assert record.state is State.OK
    assert -1e-6 < record.environment["busy_before"] < 1 + 1e-6, "seconds since boot are floats"
