"""What a run will do, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.axes import Axis, Level, Point
from benchmarks.estimate import estimate_s
from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Exchange
from benchmarks.plan import BASELINE, Cell, Contender, Plan, Workload, choose

CONTENDERS = tuple(map(Contender.parse, ("sync@gunicorn-threads", "sync@uvicorn", "async@uvicorn", "aiohttp@aiohttp")))


def make_workload(scenario: str = "fan_out", **changes: Any) -> Workload:
    return Workload(scenario, "Title", "Question?", frozenset(), {Point(): (Exchange(),)}, **changes)


def make_plan(**changes: Any) -> Plan:
    return Plan(**{"workloads": (make_workload(),), "contenders": CONTENDERS, **changes})


def order(made: Plan, scenario: str = "fan_out") -> list[tuple[int, int, Cell]]:
    """(round, place, cell), as they are played."""
    workload = make_workload(scenario)
    return [
        (number, position, cell)
        for number in range(1, made.rounds + 1)
        for position, cell in enumerate(made.order(workload, number, made.cells(workload)), start=1)
    ]


@pytest.mark.parametrize(
    ("text", "contender"),
    [
        ("sync@uvicorn", Contender("sync", "uvicorn")),
        ("sync-stream@gunicorn-threads", Contender("sync-stream", "gunicorn-threads")),
        ("async@uvicorn+none", Contender("async", "uvicorn", "none")),
        ("async@uvicorn+default", Contender("async", "uvicorn", "default")),
    ],
)
def test_a_contender_is_read_and_written_alike(text: str, contender: Contender) -> None:
    assert Contender.parse(text) == contender
    assert str(contender) == text


@pytest.mark.parametrize(
    "text", ["", "@", "sync", "sync@", "@uvicorn", "uvicorn+none", "sync@uvicorn+", "sync@+none", "sync@@uvicorn"]
)
def test_what_is_no_contender_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is not understood") as caught:
        Contender.parse(text)
    assert repr(text) in str(caught.value)
    assert caught.value.hint == f"write variant@server, like {BASELINE}"


@pytest.mark.parametrize("name", ["non", "none+default", "None"])
def test_a_contenders_middleware_has_to_exist(name: str) -> None:
    with pytest.raises(UnknownName, match="there is no middleware") as caught:
        Contender.parse(f"async@uvicorn+{name}")
    assert "none" in caught.value.hint


def test_a_known_name_is_chosen() -> None:
    assert choose("server", "uvicorn", iter(["aiohttp", "uvicorn"])) == "uvicorn"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("plaintxt", "did you mean plaintext?"),
        ("fanout", "did you mean fan_out?"),
        ("orm_reads", "did you mean orm_read or orm_write?"),
        ("zzz", "there are: fan_out, orm_read, orm_write, plaintext"),
        ("", "there are: fan_out, orm_read, orm_write, plaintext"),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest_ones(name: str, hint: str) -> None:
    with pytest.raises(UnknownName) as caught:
        choose("scenario", name, ["plaintext", "orm_write", "fan_out", "orm_read"])
    assert str(caught.value) == f"there is no scenario {name!r}"
    assert caught.value.hint == hint


def test_equal_seeds_give_the_same_order() -> None:
    assert order(make_plan(seed=3)) == order(make_plan(seed=3))


def test_the_order_is_pinned_so_that_a_run_can_be_repeated_elsewhere() -> None:
    first = [str(cell.contender) for number, _, cell in order(make_plan(seed=1)) if number == 1]
    assert first == ["aiohttp@aiohttp", "sync@gunicorn-threads", "sync@uvicorn", "async@uvicorn"]


def test_other_seeds_and_other_scenarios_have_orders_of_their_own() -> None:
    orders = [[str(cell.contender) for _, _, cell in order(make_plan(rounds=9, seed=seed))] for seed in (1, 2, 3)]
    orders.append([str(cell.contender) for _, _, cell in order(make_plan(rounds=9), "orm_read")])
    assert len({tuple(names) for names in orders}) == 4


def test_every_round_has_every_cell_once_at_the_places_from_1() -> None:
    entries = order(make_plan(rounds=7, concurrencies=(8, 64)))
    assert sorted({number for number, _, _ in entries}) == list(range(1, 8))
    for number in range(1, 8):
        own = [(position, cell) for entry, position, cell in entries if entry == number]
        assert [position for position, _ in own] == list(range(1, 9))
        assert len({cell for _, cell in own}) == 8


def test_rounds_come_one_after_another_each_in_an_order_of_its_own() -> None:
    entries = order(make_plan(rounds=9))
    assert [number for number, _, _ in entries] == sorted(number for number, _, _ in entries)
    orders = {tuple(str(cell) for entry, _, cell in entries if entry == number) for number in range(1, 10)}
    assert len(orders) > 4


def test_shuffling_leaves_the_callers_cells_in_their_order() -> None:
    cells = make_plan().cells(make_workload())
    before = list(cells)
    assert make_plan().order(make_workload(), 1, cells) != before == cells


def test_a_scenario_runs_at_its_cards_level_unless_the_plan_names_others() -> None:
    workload = make_workload(concurrency=16)
    assert make_plan().levels(workload) == (Level(16),)
    assert make_plan(concurrencies=(8, 64)).levels(workload) == (Level(8), Level(64))


def test_there_is_a_cell_for_every_contender_at_every_level() -> None:
    cells = make_plan(concurrencies=(8, 64)).cells(make_workload())
    assert [(str(cell.contender), cell.level.concurrency) for cell in cells] == [
        (str(contender), level) for level in (8, 64) for contender in CONTENDERS
    ]


@pytest.mark.parametrize(
    ("level", "point", "said"),
    [
        (Level(16), Point(), "16 connections"),
        (Level(1), Point(), "1 connection"),
        (Level(1000, 12.5), Point(), "12.5 requests/s"),
        (Level(16), Point(Axis.WAIT, 0.5), "16 connections, wait 0.5 ms"),
        (Level(16), Point(Axis.WORKERS, 1.0), "16 connections, 1 worker"),
        (Level(16), Point(Axis.THREADS, 4.0), "16 connections, 4 threads"),
    ],
)
def test_a_cell_says_what_it_is(level: Level, point: Point, said: str) -> None:
    assert str(Cell("fan_out", CONTENDERS[2], level, point)) == f"fan_out async@uvicorn {said}"


def test_excused_contenders_have_cells_but_are_not_run() -> None:
    workload = make_workload(excused={"sync@uvicorn": "nothing to do"})
    assert len(make_plan().cells(workload)) == 4
    assert [str(cell.contender) for cell in make_plan().runnable(workload)] == [
        *("sync@gunicorn-threads", "async@uvicorn", "aiohttp@aiohttp")
    ]


def test_the_estimate_counts_only_what_is_run() -> None:
    excused = make_plan(workloads=(make_workload(excused={"sync@uvicorn": "nothing to do"}),))
    assert estimate_s(excused) < estimate_s(make_plan()) < estimate_s(make_plan(rounds=50))
    assert estimate_s(make_plan()) < estimate_s(make_plan(concurrencies=(8, 64)))


def test_a_variant_answers_under_its_scenario() -> None:
    assert make_workload("fan_out").prefix("async") == "/fan_out/async/"
