"""What is stored is what was measured, whatever schema it was stored in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.results.models import Cell, Round, Run
from apps.results.sources import find_run
from apps.results.store import GONE, Store, latest_run, load_run, mark_abandoned
from benchmarks import record
from benchmarks.events import CellChanged, RoundFinished, RunFinished, RunStarted
from benchmarks.exceptions import RecordError, UnknownName
from benchmarks.record import Flag, RunRecord, State
from benchmarks.tests.full_record import full_run
from benchmarks.tests.records import cell_record, run_record
from benchmarks.tests.schema_1 import Data, run_1

BEFORE = [("results", "0001_initial")]


def stored(run: RunRecord) -> Run:
    """A run as a command stores it: event by event."""
    store, cells = Store(), run.cells
    store(RunStarted(run, 3))
    for cell in cells:
        rounds, cell.rounds = cell.rounds, []
        store(CellChanged(cell))
        for entry in rounds:
            cell.rounds.append(entry)
            store(RoundFinished(cell, entry))
        store(CellChanged(cell))
    store(RunFinished(run))
    assert store.run is not None
    return Run.objects.get(pk=store.run.pk)


@pytest.mark.django_db
def test_a_run_with_every_field_is_loaded_as_it_was() -> None:
    assert load_run(stored(full_run())) == full_run()


@pytest.mark.django_db
def test_a_run_of_any_size_takes_three_queries(django_assert_num_queries: Any) -> None:
    run = stored(run_record(*(cell_record(rates=(1, 2, 3), concurrency=level) for level in range(1, 9))))
    with django_assert_num_queries(2):  # and the run itself
        assert len(load_run(run).cells) == 8


@pytest.mark.django_db
def test_points_of_a_sweep_and_rates_are_cells_of_their_own() -> None:
    points = [cell_record(sweep_axis="wait", sweep_value=value) for value in (1.0, 5.0)]
    rates = [cell_record(rate_per_s=rate) for rate in (10.0, 20.5)]
    run = stored(run_record(*points, *rates))
    assert [cell.level for cell in Cell.objects.filter(run=run)] == [
        *("32 connections, wait 1 ms", "32 connections, wait 5 ms", "10 requests/s", "20.5 requests/s")
    ]
    assert [(cell.sweep_value, cell.rate_per_s) for cell in load_run(run).cells] == [
        *((1.0, None), (5.0, None), (0.0, 10.0), (0.0, 20.5))
    ]


@pytest.mark.django_db
def test_a_cells_flags_are_those_of_its_last_change() -> None:
    cell = cell_record(flags={Flag.UNSTABLE: "spread"})
    run = stored(run_record(cell))
    assert load_run(run).cells[0].flags == {Flag.UNSTABLE: "spread"}


@pytest.mark.django_db
@pytest.mark.parametrize("damage", [{"scenarios": [{}]}, {"schema": 2, "seed": "x"}, {"options": None, "notes": "no"}])
def test_a_stored_run_that_was_tampered_with_is_refused(damage: Data) -> None:
    run = stored(run_record(cell_record()))
    for name, value in damage.items():
        setattr(run, name, value)
    with pytest.raises(RecordError, match="is damaged"):
        load_run(run)


@pytest.mark.django_db
def test_a_run_whose_command_is_gone_is_aborted() -> None:
    run = stored(run_record(cell_record(state=State.RUNNING)))
    assert mark_abandoned() == 0, "this process is its command"
    Run.objects.update(state=State.RUNNING, command_started=0.0)
    assert (latest_run().state, latest_run().reason) == (State.ABORTED, GONE)
    assert load_run(Run.objects.get(pk=run.pk)).cells[0].state is State.ABORTED


@pytest.mark.django_db
def test_a_run_is_found_by_its_number_or_as_the_latest() -> None:
    first, last = stored(run_record(cell_record())), stored(run_record(cell_record("async@uvicorn")))
    assert find_run(str(first.pk)) == (f"run {first.pk}", load_run(first))
    assert find_run("latest") == (f"run {last.pk}", load_run(last))
    with pytest.raises(UnknownName, match="there is no run 99") as caught:
        find_run("99")
    assert caught.value.hint == f"stored runs: {last.pk}, {first.pk}"


@pytest.fixture
def before_levels(transactional_db: None) -> Iterator[Any]:
    """The tables as they were before cells had levels; today's again in the end."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    yield executor.loader.project_state(BEFORE).apps
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    Run.objects.all().delete()


def store_1(apps: Any, data: Data) -> int:
    """A run of schema 1 in the tables it was stored in."""
    moments = {name: datetime.fromisoformat(data[name]) for name in ("started_at", "finished_at")}
    columns = {name: value for name, value in data.items() if name not in ("cells", *moments)}
    command = {"command_host": "there", "command_pid": 1, "command_started": 0.0}
    run = apps.get_model("results", "Run").objects.create(**columns, **moments, **command)
    for cell in data["cells"]:
        key = {name: cell[name] for name in ("scenario", "contender", "concurrency", "state", "reason")}
        hosting = {name: value for name, value in cell.items() if name not in (*key, "rounds")}
        row = apps.get_model("results", "Cell").objects.create(run=run, hosting=hosting, **key)
        for entry in cell["rounds"]:
            moment = datetime.fromisoformat(entry["started_at"])
            apps.get_model("results", "Round").objects.create(cell=row, **{**entry, "started_at": moment})
    return run.pk


def test_a_run_that_was_stored_before_cells_had_levels_is_loaded(before_levels: Any) -> None:
    data = run_1()
    data["cells"].append({**data["cells"][0], "concurrency": 1, "rounds": data["cells"][0]["rounds"][:1]})
    number = store_1(before_levels, data)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    assert list(Cell.objects.values_list("level", flat=True)) == [*["32 connections"] * 3, "1 connection"]
    assert Round.objects.count() == 9
    assert load_run(Run.objects.get(pk=number)) == record.structure(record.upgraded(data, "the run"))
