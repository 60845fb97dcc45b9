"""What bounds a contender beside its server: the database's pools; and what a cell's record keeps of its card."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.axes import Axis, Point, Sweep
from benchmarks.contest import Contest
from benchmarks.cpus import lay_out
from benchmarks.load.specs import Exchange
from benchmarks.plan import Contender, Plan, Workload
from benchmarks.record import CellRecord, State
from benchmarks.servers import load_servers
from benchmarks.stage import Stage

THREADED, PROCESSES, LOOP, OUTSIDE = (
    *("sync@gunicorn-threads", "sync@gunicorn-sync", "async@uvicorn", "aiohttp@aiohttp"),
)
CONTENDERS = tuple(map(Contender.parse, (THREADED, PROCESSES, LOOP, OUTSIDE)))
LAYOUT = lay_out((0, 1, 2, 3))


def made(plan: dict[str, Any], **card: Any) -> tuple[Contest, list[CellRecord]]:
    """A contest that starts nothing, since all are excused; and the records it opens."""
    values = {"excused": dict.fromkeys(map(str, CONTENDERS), "not today"), "concurrency": 8, **card}
    workload = Workload("s", "t", "q?", frozenset(), {Point(): (Exchange(),)}, **values)
    whole = Plan(workloads=(workload,), contenders=CONTENDERS, **plan)
    guard: Any = SimpleNamespace(stop_all=lambda wards: None)
    records: list[CellRecord] = []
    stage = Stage(whole, guard, LAYOUT, None, None, None)  # type: ignore[arg-type]
    return Contest(stage, whole, workload, load_servers(), lambda event: None, records.append), records


def slots(plan: dict[str, Any] | None = None, **card: Any) -> dict[str, int | None]:
    contest, records = made(plan or {}, **card)
    contest.play()
    assert {one.state for one in records} == {State.EXCUSED}
    return {f"{one.contender}{f' {one.sweep_value:g}' if one.sweep_axis else ''}": one.slots for one in records}


def test_who_waits_without_a_connection_is_bounded_by_the_server_alone() -> None:
    assert slots(pool_size=4) == {THREADED: 8, PROCESSES: 2, LOOP: None, OUTSIDE: None}


def test_a_wait_that_holds_a_connection_is_bounded_by_the_pool_too() -> None:
    found = slots(pool_size=4, wait_holds_connection=True)
    assert found == {THREADED: 4, PROCESSES: 2, LOOP: 4, OUTSIDE: 4}
    found = slots(pool_size=100, wait_holds_connection=True)
    assert found == {THREADED: 8, PROCESSES: 2, LOOP: 100, OUTSIDE: 100}, "whichever is less"


def test_a_card_without_a_pool_of_its_own_has_the_plans() -> None:
    assert slots({"pool_size": 5}, wait_holds_connection=True)[LOOP] == 5
    assert slots({"pool_size": 5}, pool_size=3, wait_holds_connection=True)[LOOP] == 3


def test_every_process_has_a_pool() -> None:
    found = slots({"workers": 3}, pool_size=4, wait_holds_connection=True)
    assert found == {THREADED: 12, PROCESSES: 3, LOOP: 12, OUTSIDE: 12}
    sweep = Sweep(Axis.WORKERS, (1.0, 2.0))
    found = slots({"sweep": sweep}, pool_size=4, wait_holds_connection=True)
    assert [found[f"{LOOP} {count}"] for count in (1, 2)] == [4, 8]


@pytest.mark.parametrize(("card", "told"), [({}, "16"), ({"pool_size": 32}, "32")])
def test_every_server_is_told_how_large_its_pool_is(card: dict[str, Any], told: str) -> None:
    contest, _ = made({}, **card)
    assert contest.stage.environment(contest.workload, CONTENDERS[0], 8)["CROSSOVER_POOL_SIZE"] == told


def test_a_record_keeps_how_often_the_view_hops() -> None:
    contest, records = made({}, hops={"async": 3, "wrapped": 1})
    contest.play()
    assert {one.contender: one.hops for one in records} == {THREADED: 0, PROCESSES: 0, LOOP: 3, OUTSIDE: 0}


def test_a_record_keeps_how_often_the_view_hops_on_the_fast_lane() -> None:
    names = [Contender(variant, "uvicorn-fastlane") for variant in ("async", "wrapped")]
    card = {"contenders": names, "excused": dict.fromkeys(map(str, names), "not today")}
    contest, records = made({}, hops={"async": 3, "wrapped": 1}, fastlane_hops={"async": 4}, **card)
    contest.play()
    assert [one.hops for one in records] == [4, 1]


def test_where_there_is_no_event_loop_no_view_hops_from_one() -> None:
    """A sync stream is drained in a thread under ASGI; under WSGI it is in one already."""
    contest, records = made({}, hops={"sync": 1, "async": 1})
    contest.play()
    assert {one.contender: one.hops for one in records} == {THREADED: 0, PROCESSES: 0, LOOP: 1, OUTSIDE: 0}


@pytest.mark.parametrize("name", load_servers())
def test_every_server_has_the_workers_that_were_asked_for(name: str) -> None:
    contest, _ = made({"workers": 3})
    server = contest.servers[name]
    assert contest.hosting(server, Point()).workers == 3
    assert server.workers(contest.hosting(server, Point())) == 3
    assert contest.hosting(server, Point()).cores == 4, "and all CPUs for them"


def test_a_sweep_over_workers_says_how_many_there_are() -> None:
    contest, _ = made({"workers": 3}, sweep=Sweep(Axis.WORKERS, (1.0, 2.0)))
    server = contest.servers["uvicorn"]
    assert [contest.hosting(server, Point(Axis.WORKERS, value)).workers for value in (1.0, 2.0)] == [1, 2]


def test_a_card_of_its_own_sweep_has_its_own_points_and_contenders() -> None:
    contest, records = made(
        {"sweep": Sweep(Axis.WAIT, (5.0, 9.0))}, sweep=Sweep("hops", (0.0, 3.0)), contenders=CONTENDERS[2:]
    )
    contest.play()
    assert [(one.contender, one.sweep_axis, one.sweep_value) for one in records] == [
        (name, "hops", value) for value in (0.0, 3.0) for name in (LOOP, OUTSIDE)
    ]
