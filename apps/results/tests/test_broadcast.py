"""What those who look on at a race are told: everything once, and at most two updates a second."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from django.db import connections

from apps.results import broadcast
from apps.results.broadcast import LEAST_S, UPDATE, Batch, Broadcast, told
from apps.results.models import Race, RaceEvent
from apps.results.race_state import RaceState
from benchmarks.events import CellChanged, RoundFinished, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.record import CellRecord, State
from benchmarks.reports import figures
from benchmarks.stats.summary import summarise
from benchmarks.tests.records import cell_record, run_record

ASKED = {"scenario": "plaintext", "contenders": ["sync@uvicorn", "async@uvicorn"], "concurrency": 8, "rounds": 5}


def drain(batch: Batch, news: list[tuple[float, dict]]) -> list[tuple[float, dict]]:
    """What is written and when, for news that comes at these seconds, on a clock of the test's own."""
    written, now_s = [], 0.0
    for at_s, one in [*news, (float("inf"), {})]:
        while (due_s := batch.due_in_s(now_s)) is not None and now_s + due_s <= at_s:
            now_s += due_s
            written.append((now_s, batch.take(now_s)))
        now_s = at_s
        batch.add(one)
    return written


def test_never_more_than_two_updates_a_second_and_no_round_lost():
    news = [(number / 100, {"rounds": [{"number": number}], "step": str(number)}) for number in range(1000)]
    written = drain(Batch(), news)
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(written)]
    assert min(gaps) >= LEAST_S - 1e-9
    rounds = [entry["number"] for _, update in written for entry in update["rounds"]]
    assert rounds == list(range(1000))
    assert written[-1][1]["step"] == "999"


def test_what_comes_seldom_is_told_at_once():
    written = drain(Batch(), [(0.0, {"step": "one"}), (3.0, {"step": "two"}), (9.0, {"step": "three"})])
    assert [at_s for at_s, _ in written] == [0.0, 3.0, 9.0]


def test_of_what_is_replaced_the_newest_is_told():
    batch = Batch()
    for step in ("one", "two"):
        batch.add({"step": step, "cells": {"a": {"valid": step}, step: {}}})
    assert batch.take(0.0) == {"step": "two", "cells": {"a": {"valid": "two"}, "one": {}, "two": {}}}
    assert batch.due_in_s(0.0) is None


def finished(cell: CellRecord) -> list[RoundFinished]:
    return [RoundFinished(cell, entry) for entry in cell.rounds]


def test_every_event_can_be_told_and_is_small():
    run = run_record(cell_record("sync@uvicorn", [100, 110, 120, 130, 140]))
    (cell,) = run.cells
    events = [
        RunStarted(run, 5),
        Step("x"),
        CellChanged(cell),
        RoundStarted(cell, 1),
        *finished(cell),
        RunFinished(run),
    ]
    for event in events:
        assert len(json.dumps(told(event))) < 1000


def test_figures_so_far_are_those_of_the_finished_run():
    run = run_record(cell_record("sync@uvicorn", [100, 110, 120, 130, 140]))
    (row,) = summarise(run, run.cells[0].scenario)
    cell = told(finished(run.cells[0])[-1])["cells"]["sync@uvicorn"]
    assert (cell["requests_per_s"], cell["p50_ms"], cell["p99_ms"]) == (row.requests_per_s, row.p50_ms, row.p99_ms)
    assert cell["valid"] == 5


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django does not close a connection to a database in memory, and that of another thread is nobody's then."""

    def close_all() -> None:
        for one in connections.all(initialized_only=True):
            if one.connection is not None:
                one.connection.close()

    monkeypatch.setattr(broadcast.connections, "close_all", close_all)


@pytest.mark.django_db(transaction=True)
def test_a_burst_is_written_in_few_updates_and_adds_up(closing: None):
    race = Race.objects.create(asked=ASKED)
    cells = [cell_record(name, [100, 110, 120]) for name in ASKED["contenders"]]
    cells[1].rounds[1].state, cells[1].rounds[1].reason = State.VOID, "the load side was busy"
    run = run_record(*cells)
    began_s = time.monotonic()
    with Broadcast(race.pk, lambda: None) as tell:
        tell(RunStarted(run, 10))
        for event in (event for cell in cells for event in finished(cell)):
            tell(event)
            time.sleep(0.1)
    took_s = time.monotonic() - began_s
    events = list(RaceEvent.objects.filter(race=race))
    assert {event.kind for event in events} == {UPDATE}
    assert 2 <= len(events) <= took_s / LEAST_S + 1
    state = RaceState.of(race, events)
    assert [(entry["contender"], entry["number"]) for entry in state.rounds] == [
        (cell.contender, entry.number) for cell in cells for entry in cell.rounds
    ]
    assert (state.done, state.planned) == (6, 10)
    assert [line["rate"] for line in state.lines] == [figures.rate(110.0), figures.rate(110.0)]
    assert [entry["reason"] for entry in state.void] == ["the load side was busy"]
    spots = [[spot["x"] for spot in series["spots"]] for series in state.chart()["series"]]
    assert spots == [[0, 1, 2], [0, 2]]
