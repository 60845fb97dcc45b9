"""How a scenario's contest is hosted, and how long it is patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from benchmarks.axes import Axis, Point, Sweep
from benchmarks.contest import Contest
from benchmarks.cpus import CpuLayout, lay_out
from benchmarks.events import Step
from benchmarks.load.specs import Exchange
from benchmarks.plan import SWEEP_THREADS, Cell, Contender, Plan, Workload
from benchmarks.record import CellRecord, Flag, State
from benchmarks.servers import load_servers
from benchmarks.stage import Stage
from benchmarks.tests.records import load_result, round_record

CONTENDERS = tuple(map(Contender.parse, ("sync@gunicorn-threads", "sync@gunicorn-sync", "sync@uvicorn", "a@aiohttp")))
WORKLOAD = Workload(
    "s", "t", "q?", frozenset(), {Point(): (Exchange(),)}, settings={"wait": 20.0}, waits={"sync": 2}, concurrency=8
)
SWEEPS = {
    Axis.WAIT: Sweep(Axis.WAIT, (1.0, 2.0, 3.0)),
    Axis.WORKERS: Sweep(Axis.WORKERS, (1.0, 2.0, 3.0)),
    Axis.THREADS: Sweep(Axis.THREADS, (4.0, 8.0, 16.0)),
}


def make_contest(layout: CpuLayout | None = None, **changes: Any) -> tuple[Contest, list[object]]:
    """A contest whose stage is empty, since nothing is started; and what its listener hears."""
    plan, heard = Plan(**{"workloads": (WORKLOAD,), "contenders": CONTENDERS, **changes}), []
    stage = Stage(plan, None, layout or lay_out((0, 1, 2, 3)), None, None, None)  # type: ignore[arg-type]
    return Contest(stage, plan, WORKLOAD, load_servers(), heard.append, lambda record: None), heard


def opened(contest: Contest) -> dict[Cell, CellRecord]:
    return {cell: contest._open_cell(cell) for cell in contest.plan.cells(WORKLOAD)}


def hosted(server: str, sweep: Sweep | None, **changes: Any) -> list[tuple[int | None, int]]:
    """(workers, threads) at each point."""
    contest, _ = make_contest(sweep=sweep, **changes)
    points = contest.plan.points(WORKLOAD)
    hostings = [contest.hosting(contest.servers[server], point) for point in points]
    return [(hosting.workers, hosting.threads) for hosting in hostings]


def test_without_a_sweep_a_server_has_the_workers_it_wants_and_threads_for_the_load() -> None:
    for server in load_servers():
        assert hosted(server, None) == [(None, 8)]
        assert hosted(server, None, threads=5) == [(None, 5)]


def test_a_swept_wait_changes_no_server() -> None:
    for server in load_servers():
        assert hosted(server, SWEEPS[Axis.WAIT]) == [(None, SWEEP_THREADS)] * 3


def test_threads_are_varied_only_where_the_server_can_set_them() -> None:
    assert hosted("gunicorn-threads", SWEEPS[Axis.THREADS]) == [(None, 4), (None, 8), (None, 16)]
    for server in ("gunicorn-sync", "uvicorn", "aiohttp"):
        assert hosted(server, SWEEPS[Axis.THREADS]) == [(None, 4)] * 3


def test_workers_are_varied_of_every_server() -> None:
    for server in load_servers():
        assert hosted(server, SWEEPS[Axis.WORKERS]) == [(1, 16), (2, 16), (3, 16)]


@pytest.mark.parametrize(
    ("cpus", "shared", "cores"), [((0, 1, 2, 3), False, 1), ((0, 1, 2, 3), True, 4), ((0,), False, 1)]
)
def test_a_server_is_told_how_many_cpus_it_has(cpus: tuple[int, ...], shared: bool, cores: int) -> None:
    contest, _ = make_contest(lay_out(cpus))
    contest.workload = replace(WORKLOAD, all_cpus=shared)
    assert contest.hosting(contest.servers["gunicorn-sync"], Point()).cores == cores


@pytest.mark.parametrize(
    ("axis", "servers"),
    [(None, 4), (Axis.WAIT, 4), (Axis.THREADS, 3 + 1 + 1 + 1), (Axis.WORKERS, 4 * 3)],
)
def test_cells_that_differ_in_nothing_a_server_sees_share_one(axis: Axis | None, servers: int) -> None:
    """Load levels and waits need no server of their own."""
    contest, _ = make_contest(sweep=SWEEPS[axis] if axis else None, concurrencies=(8, 64))
    assert len({contest._place(cell) for cell in contest.plan.cells(WORKLOAD)}) == servers


def test_a_cell_says_where_it_lies_and_how_it_is_hosted() -> None:
    contest, _ = make_contest(sweep=SWEEPS[Axis.THREADS], concurrencies=(8,))
    records = [record for cell, record in opened(contest).items() if cell.contender == CONTENDERS[0]]
    assert [(one.sweep_axis, one.sweep_value, one.threads, one.slots) for one in records] == [
        *(("threads", 4.0, 4, 4), ("threads", 8.0, 8, 8), ("threads", 16.0, 16, 16))
    ]
    assert {one.wait_ms for one in records} == {40.0}
    waiting, _ = make_contest(sweep=SWEEPS[Axis.WAIT])
    assert [one.wait_ms for cell, one in opened(waiting).items() if cell.contender == CONTENDERS[0]] == [2.0, 4.0, 6.0]
    rated, _ = make_contest(rates_per_s=(5.0,), in_flight=30)
    assert {(one.rate_per_s, one.concurrency, one.sweep_axis) for one in opened(rated).values()} == {(5.0, 30, "")}


Rates = Callable[[Cell, int], int]


@dataclass
class Played:
    """Stands for measuring, which takes its time and whose spread cannot be told beforehand."""

    cell: Cell
    rates: Rates
    log: list[tuple[int, int, str]]

    def round(self, record: CellRecord, number: int, position: int) -> str:
        self.log.append((number, position, str(self.cell.contender)))
        rate = self.rates(self.cell, number)
        state = State.VOID if rate < 0 else State.OK if rate else State.FAILED
        record.rounds.append(round_record(number, load_result(abs(rate)), state=state))
        return "" if rate else "it broke"


def play(rates: Rates, **changes: Any) -> tuple[Contest, list[tuple[int, int, str]], list[str]]:
    """Plays all rounds; (number, place, contender) of each, and the steps that were told."""
    contest, heard = make_contest(**changes)
    log: list[tuple[int, int, str]] = []
    contest.records = opened(contest)
    contest._measuring = lambda cell: Played(cell, rates, log)  # type: ignore[assignment,method-assign]
    contest._play_rounds()
    return contest, log, [event.text for event in heard if isinstance(event, Step)]


def steady(cell: Cell, number: int) -> int:
    return 100


def restless(cell: Cell, number: int) -> int:
    return 100 if number % 2 or cell.contender != CONTENDERS[0] else 200


def settling(cell: Cell, number: int) -> int:
    """Its first round is far off, and seven more make that harmless."""
    return 130 if number == 1 and cell.contender == CONTENDERS[0] else 100


def twice_void(cell: Cell, number: int) -> int:
    return -100 if number <= 2 and cell.contender == CONTENDERS[0] else 100


def rounds(log: list[tuple[int, int, str]]) -> list[int]:
    return sorted({number for number, _, _ in log})


def test_as_many_rounds_as_planned_are_played_in_the_seeds_order() -> None:
    contest, log, _ = play(steady, rounds=3)
    expected = [
        (number, position, str(cell.contender))
        for number in (1, 2, 3)
        for position, cell in enumerate(contest.plan.order(WORKLOAD, number, contest.plan.cells(WORKLOAD)), start=1)
    ]
    assert log == expected


@pytest.mark.parametrize(
    ("rates", "patience", "played"),
    [(steady, 9, 4), (restless, 0, 4), (restless, 5, 9), (settling, 9, 9), (settling, 2, 6), (twice_void, 9, 6)],
    ids=["all is stable", "no patience", "never stable", "stable after a while", "patience ends", "void rounds"],
)
def test_patience_adds_rounds_while_a_cell_is_unstable_and_no_more_than_it_may(
    rates: Rates, patience: int, played: int
) -> None:
    """A standard deviation above a tenth: of 130 and n - 1 times 100 that is so up to n = 8."""
    _, log, _ = play(rates, rounds=4, patience=patience)
    assert rounds(log) == list(range(1, played + 1))


def test_a_round_that_is_added_is_one_of_all_cells() -> None:
    """Else an interval paired by round would have no pair for it."""
    contest, log, said = play(restless, rounds=4, patience=2)
    assert all(len(record.rounds) == 6 for record in contest.records.values())
    assert len(log) == 6 * len(CONTENDERS)
    assert said == ["s: 1 of 4 cells are unstable or have void rounds: one more round"] * 2


def test_a_cell_that_failed_is_not_played_on_and_not_waited_for() -> None:
    def breaking(cell: Cell, number: int) -> int:
        return 0 if number == 2 and cell.contender == CONTENDERS[0] else restless(cell, number)

    contest, log, said = play(breaking, rounds=4, patience=5)
    failed, *others = contest.records.values()
    assert (failed.state, failed.reason) == (State.FAILED, "round 2: it broke")
    assert len(failed.rounds) == 2
    assert [len(record.rounds) for record in others] == [4, 4, 4]
    assert said == []
    assert (5, 1, str(CONTENDERS[1])) not in log


def test_cells_know_their_flags_after_each_round() -> None:
    contest, _, _ = play(restless, rounds=4)
    assert [Flag.UNSTABLE in record.flags for record in contest.records.values()] == [True, False, False, False]


def test_who_keeps_no_connections_has_none_that_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    contest, _ = make_contest()
    contest.records = opened(contest)
    asked: list[tuple[int, str]] = []

    def silence(self: Contest, connections: int, cells: dict[Any, Cell]) -> dict[Any, Any]:
        asked.extend((connections, str(contender)) for contender, _ in cells)
        return {}

    monkeypatch.setattr(Contest, "_silence", silence)
    contest._measure_silence()
    assert asked == [(8, str(contender)) for contender in CONTENDERS if contender.server != "gunicorn-sync"]
