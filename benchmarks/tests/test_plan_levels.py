"""Levels, sweeps, and what follows from them for windows, threads, and time."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.axes import Axis, Level, Point, Sweep
from benchmarks.estimate import OVERLOAD_S, estimate_s
from benchmarks.load.specs import Arrivals, Exchange, Model
from benchmarks.plan import SWEEP_THREADS, Cell, Contender, Middleware, Plan, Workload

CONTENDERS = tuple(map(Contender.parse, ("sync@gunicorn-threads", "async@uvicorn")))
NOWHERE = Point()
WAITS = Sweep(Axis.WAIT, (1.0, 100.0))
THREADS = Sweep(Axis.THREADS, (4.0, 64.0))
WORKERS = Sweep(Axis.WORKERS, (1.0, 2.0))


def make_workload(scenario: str = "fan_out", **changes: Any) -> Workload:
    """Ten waits of 20 ms one after another, or one."""
    values = {"settings": {"wait": 20.0}, "waits": {"sync": 10, "async": 1}, "concurrency": 16, **changes}
    return Workload(scenario, "Title", "Question?", frozenset(), {Point(): (Exchange(),)}, **values)


def make_plan(**changes: Any) -> Plan:
    return Plan(**{"workloads": (make_workload(),), "contenders": CONTENDERS, **changes})


def cell(variant: str, point: Point = NOWHERE) -> Cell:
    return Cell("fan_out", Contender(variant, "uvicorn"), Level(16), point)


def test_an_open_loops_levels_are_rates_and_what_may_be_under_way() -> None:
    made = make_plan(rates_per_s=(100.0, 200.0), in_flight=300)
    assert made.model is Model.OPEN
    assert made.levels(make_workload()) == (Level(300, 100.0), Level(300, 200.0))
    assert make_plan().model is Model.CLOSED


def test_without_a_sweep_there_is_one_point_that_says_nothing() -> None:
    assert make_plan().points(make_workload()) == (Point(),)
    assert str(Point()) == ""


def test_a_sweep_has_every_contender_at_every_level_at_every_point() -> None:
    cells = make_plan(sweep=WAITS, concurrencies=(8, 64)).cells(make_workload())
    assert [(one.point.value, one.level.concurrency, one.contender.variant) for one in cells] == [
        (value, level, variant) for value in (1.0, 100.0) for level in (8, 64) for variant in ("sync", "async")
    ]
    assert {one.point.axis for one in cells} == {Axis.WAIT}


def test_a_point_is_on_its_own_axis_only() -> None:
    assert Point(Axis.WAIT, 5.0).on(Axis.WAIT) == 5.0
    assert Point(Axis.WAIT, 5.0).on(Axis.THREADS) is None
    assert Point().on(Axis.WAIT) is None


@pytest.mark.parametrize(("point", "wait_ms"), [(Point(), 20.0), (Point(Axis.THREADS, 4.0), 20.0)])
def test_a_wait_is_the_cards_unless_it_is_swept(point: Point, wait_ms: float) -> None:
    assert make_workload().wait_at(point) == wait_ms
    assert make_workload().wait_at(Point(Axis.WAIT, 5.0)) == 5.0


def test_every_point_has_the_exchanges_of_its_wait() -> None:
    one, other = (Exchange("wait=1"),), (Exchange("wait=100"),)
    workload = Workload("s", "t", "q?", frozenset(), {Point(Axis.WAIT, 1.0): one, Point(Axis.WAIT, 100.0): other})
    assert [workload.exchanges_at(point) for point in make_plan(sweep=WAITS).points(workload)] == [one, other]


def test_what_a_request_waits_at_least_is_all_its_waits_one_after_another() -> None:
    workload = make_workload()
    assert [workload.least_ms(variant, Point()) for variant in ("sync", "async", "unknown")] == [200.0, 20.0, 0.0]
    assert workload.least_ms("sync", Point(Axis.WAIT, 5.0)) == 50.0


@pytest.mark.parametrize(
    ("changes", "threads"),
    [
        ({}, 16),
        ({"concurrencies": (8, 64)}, 64),
        ({"concurrencies": (8, 64), "threads": 4}, 4),
        ({"rates_per_s": (100.0,)}, 16),
        ({"rates_per_s": (100.0,), "threads": 4}, 4),
        ({"sweep": WAITS, "concurrencies": (64,)}, SWEEP_THREADS),
        ({"sweep": WORKERS}, SWEEP_THREADS),
        ({"sweep": WAITS, "threads": 4}, 4),
        ({"sweep": THREADS}, 4),
    ],
)
def test_threads_match_the_connections_unless_told_otherwise_or_swept(changes: dict[str, Any], threads: int) -> None:
    """Matched to the load in a sweep, the threads would never be overtaken by waiting."""
    made = make_plan(**changes)
    assert made.threads_at(make_workload(), made.points(make_workload())[0]) == threads
    assert isinstance(made.threads_at(make_workload(), made.points(make_workload())[0]), int)


def test_a_sweep_over_threads_has_its_own_number_at_every_point() -> None:
    made = make_plan(sweep=THREADS)
    assert [made.threads_at(make_workload(), point) for point in made.points(make_workload())] == [4, 64]


@pytest.mark.parametrize(("sweep", "shares"), [(None, False), (WAITS, False), (THREADS, False), (WORKERS, True)])
def test_servers_get_all_cpus_only_where_their_processes_are_asked_about(sweep: Sweep | None, shares: bool) -> None:
    assert make_plan(sweep=sweep).shares_cpus(make_workload()) == shares


@pytest.mark.parametrize(
    ("changes", "window_s"),
    [({}, 0.6), ({"duration_s": 2.0}, 2.0), ({"contenders": CONTENDERS[1:]}, 0.5)],
    ids=["three of the longest", "longer by itself", "nobody waits so long"],
)
def test_a_window_holds_three_waits_of_the_slowest_contender(changes: dict[str, Any], window_s: float) -> None:
    assert make_plan(**changes).window_s(make_workload(), Point()) == pytest.approx(window_s)


def test_a_window_follows_a_swept_wait() -> None:
    made = make_plan(sweep=WAITS)
    assert [made.window_s(make_workload(), point) for point in made.points(make_workload())] == [
        0.5,
        pytest.approx(3.0),
    ]


def test_connections_begin_within_a_wait_of_their_own_contender_at_least() -> None:
    """Else they would be answered in waves."""
    made = make_plan(duration_s=0.1, warmup_s=0.1)
    assert [made.ramp_s(make_workload(), cell(variant)) for variant in ("sync", "async")] == [0.2, 0.1]
    assert made.ramp_s(make_workload(), cell("sync", Point(Axis.WAIT, 100.0))) == 1.0


@pytest.mark.parametrize(
    ("changes", "connections"),
    [
        ({}, 16),
        ({"concurrencies": (8, 64)}, 64),
        ({"rates_per_s": (5.0,)}, 1000),
        ({"rates_per_s": (5.0,), "in_flight": 30}, 30),
        ({"overload": True}, 1000),
        ({"overload": True, "in_flight": 30, "concurrencies": (64,)}, 64),
        ({"workloads": (make_workload("big", concurrency=500), make_workload())}, 500),
    ],
)
def test_the_most_connections_that_one_server_will_have(changes: dict[str, Any], connections: int) -> None:
    assert (plan := make_plan(**changes)).most_connections(plan.workloads[0]) == connections


def test_the_estimate_grows_with_what_is_asked_for() -> None:
    usual = estimate_s(make_plan())
    assert estimate_s(make_plan(overload=True)) == pytest.approx(usual + OVERLOAD_S * len(CONTENDERS))
    assert estimate_s(make_plan(sweep=WAITS)) > estimate_s(make_plan(sweep=Sweep(Axis.WAIT, (1.0, 20.0)))) > usual
    assert estimate_s(make_plan(patience=50)) == usual


def test_an_estimate_counts_windows_as_long_as_they_will_be() -> None:
    made = make_plan(rounds=4, duration_s=0.1)
    longer = make_plan(rounds=4, duration_s=1.6)
    assert estimate_s(longer) - estimate_s(made) == pytest.approx(4 * 2 * (1.6 - 0.6))


def test_a_record_keeps_what_decides_the_figures() -> None:
    workloads = (make_workload(), make_workload("plaintext", settings={}, waits={}, concurrency=32))
    assert make_plan(workloads=workloads, middleware=Middleware.NONE).options() == {
        "profile": "",
        "contenders": ["sync@gunicorn-threads", "async@uvicorn"],
        "levels": {"fan_out": ["16 connections"], "plaintext": ["32 connections"]},
        "sweep": None,
        "sweeps": [],
        "overload": False,
        "duration_s": 0.5,
        "warmup_s": 0.2,
        "rounds": 5,
        "patience": 0,
        "middleware": "none",
        "pool_size": 16,
        "pool_sizes": {},
        "workers": None,
        "all_cpus": [],
        "threads": {"fan_out": 16, "plaintext": 32},
        "timeout_s": 10.0,
        "settings": {"fan_out": {"wait": 20.0}},
        "load": "closed loop",
        "arrivals": None,
        "in_flight": None,
        "generators": 1,
    }


def test_a_record_keeps_what_an_open_loop_and_a_sweep_add() -> None:
    options = make_plan(rates_per_s=(50.0, 100.0), arrivals=Arrivals.POISSON, sweep=WAITS, generators=2).options()
    assert options["levels"] == {"fan_out": ["50 requests/s", "100 requests/s"]}
    assert options["sweep"] == {"axis": "wait", "values": [1.0, 100.0]}
    assert (options["load"], options["arrivals"], options["in_flight"]) == ("open loop", "poisson", 1000)
    assert options["generators"] == 2


def test_a_record_keeps_how_many_an_overload_has_under_way() -> None:
    assert make_plan(overload=True, in_flight=30).options()["in_flight"] == 30
