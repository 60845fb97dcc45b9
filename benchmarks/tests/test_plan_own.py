"""What a workload has of its own before the plan's: contenders, sweep, levels, pool, CPUs; and points in words."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.axes import Axis, Level, Point, Sweep, describe_point
from benchmarks.load.specs import Exchange
from benchmarks.plan import SWEEP_THREADS, Cell, Contender, Plan, Workload
from benchmarks.record import AXIS_NAME

CONTENDERS = tuple(map(Contender.parse, ("sync@gunicorn-threads", "async@uvicorn")))
OWN = (Contender("aiohttp", "aiohttp"),)
HOPS, WAITS, WORKERS = Sweep("hops", (0.0, 3.0)), Sweep(Axis.WAIT, (1.0, 100.0)), Sweep(Axis.WORKERS, (1.0, 2.0))
THREADS = Sweep(Axis.THREADS, (4.0, 64.0))


def made(**changes: Any) -> Workload:
    values = {"exchanges": {Point(): (Exchange(),)}, "concurrency": 24, **changes}
    return Workload("scenario", "Title", "Question?", frozenset(), **values)


def planned(*workloads: Workload, **changes: Any) -> Plan:
    return Plan(**{"workloads": workloads or (made(),), "contenders": CONTENDERS, **changes})


def cells(plan: Plan, workload: Workload) -> list[str]:
    return [str(cell) for cell in plan.cells(workload)]


def test_a_workload_has_its_own_contenders_or_the_plans() -> None:
    assert planned().contenders_of(made()) == CONTENDERS
    assert planned().contenders_of(made(contenders=OWN)) == OWN


def test_a_workload_has_its_own_sweep_or_the_plans() -> None:
    assert planned().sweep_of(made()) is None
    assert planned(sweep=WAITS).sweep_of(made()) == WAITS
    assert planned(sweep=WAITS).sweep_of(made(sweep=HOPS)) == HOPS
    assert planned().points(made(sweep=HOPS)) == (Point("hops", 0.0), Point("hops", 3.0))


def test_its_cells_are_those_of_its_own_contenders_points_and_levels() -> None:
    own = made(contenders=OWN, sweep=HOPS, concurrencies=(8, 64))
    assert cells(planned(concurrencies=(1,)), own) == [
        f"scenario aiohttp@aiohttp {level} connections, hops {hops}" for hops in (0, 3) for level in (8, 64)
    ]


@pytest.mark.parametrize(
    ("plan", "card", "levels"),
    [
        ({}, {}, (Level(24),)),
        ({"concurrencies": (1, 2)}, {}, (Level(1), Level(2))),
        ({"concurrencies": (1, 2)}, {"concurrencies": (8, 64)}, (Level(8), Level(64))),
        ({"rates_per_s": (5.0,)}, {"concurrencies": (8, 64)}, (Level(1000, 5.0),)),
    ],
    ids=["the card's", "the plan's", "a profile's own", "arrivals do not wait for connections"],
)
def test_a_workloads_own_levels_go_before_the_plans(
    plan: dict[str, Any], card: dict[str, Any], levels: tuple[Level, ...]
) -> None:
    assert planned(**plan).levels(made(**card)) == levels


def test_the_most_connections_are_those_of_its_own_levels() -> None:
    assert planned(concurrencies=(500,)).most_connections(made(concurrencies=(8, 64))) == 64


def test_every_point_of_a_setting_has_requests_of_its_own_and_other_axes_have_the_cards() -> None:
    drawn = {Point("hops", value): (Exchange(f"hops={value:g}"),) for value in HOPS.values}
    workload = made(exchanges=drawn, sweep=HOPS)
    assert [workload.exchanges_at(point)[0].query for point in planned().points(workload)] == ["hops=0", "hops=3"]
    card = made(exchanges={Point(): (Exchange("hops=1"),)})
    assert card.exchanges_at(Point(Axis.WORKERS, 2.0))[0].query == "hops=1"


def test_a_pool_is_the_workloads_or_the_plans() -> None:
    assert planned(pool_size=5).pool_of(made()) == 5
    assert planned(pool_size=5).pool_of(made(pool_size=32)) == 32
    options = planned(made(pool_size=32), pool_size=5).options()
    assert (options["pool_size"], options["pool_sizes"]) == (5, {"scenario": 32})


@pytest.mark.parametrize(
    ("plan", "card", "shares"),
    [
        ({}, {}, False),
        ({}, {"all_cpus": True}, True),
        ({"workers": 1}, {}, False),
        ({"workers": 2}, {}, True),
        ({}, {"sweep": WORKERS}, True),
        ({"sweep": WORKERS}, {}, True),
        ({"sweep": WORKERS}, {"sweep": HOPS}, False),
        ({"threads": 64}, {"sweep": THREADS}, False),
    ],
)
def test_servers_get_all_cpus_where_cpus_or_processes_are_asked_about(
    plan: dict[str, Any], card: dict[str, Any], shares: bool
) -> None:
    assert planned(**plan).shares_cpus(made(**card)) == shares
    assert planned(made(**card), **plan).options()["all_cpus"] == [planned().name_of(made(**card))] * shares


@pytest.mark.parametrize(
    ("plan", "card", "threads"),
    [
        ({}, {"sweep": HOPS}, 24),
        ({}, {"sweep": HOPS, "concurrencies": (8, 64)}, 64),
        ({"threads": 5}, {"sweep": HOPS}, 5),
        ({"rates_per_s": (5.0,)}, {"sweep": HOPS}, 24),
        ({}, {"sweep": WAITS}, SWEEP_THREADS),
        ({}, {"sweep": WORKERS}, SWEEP_THREADS),
        ({"sweep": WAITS}, {"sweep": HOPS}, 24),
    ],
)
def test_a_sweep_over_the_work_leaves_threads_enough_for_the_load(
    plan: dict[str, Any], card: dict[str, Any], threads: int
) -> None:
    """One over a wait or the hosting does not: it asks from where on threads run out."""
    workload = made(**card)
    found = planned(workload, **plan)
    assert [found.threads_at(workload, point) for point in found.points(workload)] == [threads, threads]


def test_a_swept_wait_is_waited_and_another_setting_leaves_it() -> None:
    workload = made(settings={"wait": 20.0}, waits={"sync": 10})
    assert [workload.least_ms("sync", point) for point in (Point(Axis.WAIT, 5.0), Point("hops", 5.0))] == [50.0, 200.0]


def test_a_window_holds_three_waits_of_its_own_contenders() -> None:
    waiting = {"settings": {"wait": 100.0}, "waits": {"sync": 10, "aiohttp": 3}}
    assert planned().window_s(made(**waiting), Point()) == pytest.approx(3.0)
    assert planned().window_s(made(**waiting, contenders=OWN), Point()) == pytest.approx(0.9)


def test_a_scenario_that_is_asked_twice_tells_all_levels_and_sweeps_it_has() -> None:
    twice = (made(concurrencies=(32,), sweep=WORKERS), made(concurrencies=(64, 32), sweep=THREADS), made(sweep=HOPS))
    options = planned(*twice).options()
    assert options["levels"] == {"scenario": ["32 connections", "64 connections", "24 connections"]}
    assert options["sweeps"] == [
        {"scenario": "scenario", "axis": axis, "values": values}
        for axis, values in (("workers", [1.0, 2.0]), ("threads", [4.0, 64.0]), ("hops", [0.0, 3.0]))
    ]
    assert options["sweep"] is None, "the plan's own"


@pytest.mark.parametrize(
    ("axis", "value", "said"),
    [
        (Axis.WAIT, 5.0, "wait 5 ms"),
        (Axis.WAIT, 0.125, "wait 0.125 ms"),
        (Axis.WORKERS, 1.0, "1 worker"),
        (Axis.WORKERS, 2.0, "2 workers"),
        (Axis.THREADS, 1.0, "1 thread"),
        ("hops", 0.0, "hops 0"),
        ("hops", 3.0, "hops 3"),
        ("poison", 0.01, "poison 0.01"),
        ("poison_ms", 50.0, "poison 50 ms"),
        ("poison_ms", 1000.5, "poison 1000.5 ms"),
    ],
)
def test_a_point_is_told_in_words_with_its_unit(axis: str, value: float, said: str) -> None:
    assert describe_point(axis, value) == said
    assert str(Cell("s", CONTENDERS[0], Level(8), Point(axis, value))).endswith(f"8 connections, {said}")
    assert AXIS_NAME.fullmatch(axis), "and a record may hold it"
