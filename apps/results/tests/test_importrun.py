"""``manage.py importrun``: a run that was measured elsewhere is one here, or nothing is stored and the reason told."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.results.exports import as_json
from apps.results.management.commands import importrun
from apps.results.models import Run, StoredReport
from apps.results.store import load_run, mark_abandoned
from benchmarks import record
from benchmarks.record import RunRecord, State
from benchmarks.tests.records import cell_record
from benchmarks.tests.reference_runs import run_of
from benchmarks.tests.schema_1 import run_1

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_the_tests_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is prepared already."""
    monkeypatch.setattr(importrun, "prepare", lambda: None)


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = "run.json", run: RunRecord | None = None, **changes: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps({**json.loads(record.dumps(run or run_of("plaintext", cells=2))), **changes}))
        return path

    return write


def imported(*paths: Path) -> str:
    output = io.StringIO()
    call_command("importrun", *map(str, paths), stdout=output)
    return output.getvalue()


def refused(*paths: Path) -> str:
    with pytest.raises(CommandError) as caught:
        imported(*paths)
    assert not Run.objects.exists(), "nothing is stored of a part"
    return str(caught.value)


def test_a_run_is_stored_with_where_it_came_from_and_its_reports(exported: Callable[..., Path]) -> None:
    said = imported(exported("server.json"))
    run = Run.objects.get()
    assert said == f"server.json: stored as run {run.pk}.\n"
    wanted = run_of("plaintext", cells=2)
    assert load_run(run) == replace(wanted, notes=["imported from server.json"])
    assert set(StoredReport.objects.values_list("scenario", flat=True)) == {"plaintext", ""}


def test_what_is_imported_can_be_exported_and_is_known_again(exported: Callable[..., Path], tmp_path: Path) -> None:
    imported(exported())
    again = tmp_path / "again.json"
    again.write_text(as_json(Run.objects.get()))
    assert "already; nothing was stored" in imported(again)
    assert Run.objects.count() == 1


def test_a_run_that_was_going_on_is_an_aborted_one(exported: Callable[..., Path]) -> None:
    run = replace(run_of("plaintext", cells=1), state=State.RUNNING, finished_at="")
    run.cells.append(cell_record("async@uvicorn", state=State.RUNNING))
    imported(exported(run=run))
    stored = Run.objects.get()
    assert (stored.state, stored.reason) == (State.ABORTED, importrun.UNFINISHED)
    assert [cell.state for cell in load_run(stored).cells] == [State.OK, State.ABORTED]
    assert mark_abandoned() == 0


def test_a_run_of_an_older_schema_is_stored_in_todays(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(run_1()))
    imported(path)
    assert Run.objects.get().schema == record.SCHEMA_VERSION


def test_all_are_read_before_the_first_is_stored(exported: Callable[..., Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.json"
    damaged.write_text('{"schema": 4')
    assert "damaged.json is not JSON" in refused(exported(), damaged)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": 99}, "has schema 99; this version reads 1 to"),
        ({"started_at": "yesterday"}, "'yesterday' is no moment"),
        ({"started_at": "2026-01-01T00:00:00"}, "is no moment"),
        ({"started_at": "9998-01-01T00:00:00+00:00"}, "is no moment"),
        ({"wall_s": float("nan")}, "a figure that no run can have"),
        ({"seed": 2**70}, "it has what no run has"),
        ({"environment": {"cpu": float("nan")}}, "it has what no run has"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(
    exported: Callable[..., Path], changes: dict[str, Any], said: str
) -> None:
    assert said in refused(exported(**changes))


def test_a_scenario_whose_name_no_address_can_have_is_refused(exported: Callable[..., Path]) -> None:
    run = run_of("plaintext", cells=1)
    bad = replace(
        run,
        scenarios=[replace(run.scenarios[0], name="../x")],
        cells=[replace(cell, scenario="../x") for cell in run.cells],
    )
    assert "'../x' is no scenario's name" in refused(exported(run=bad))


def test_an_absent_file_is_named_with_what_to_name_instead(tmp_path: Path) -> None:
    said = refused(tmp_path / "absent.json")
    assert "there is no file" in said
    assert "runbench --json" in said


def test_connections_that_no_load_can_have_are_refused(exported: Callable[..., Path]) -> None:
    run = run_of("plaintext", cells=1)
    bad = replace(run, cells=[replace(cell, concurrency=-3) for cell in run.cells])
    assert "a figure that no run can have" in refused(exported(run=bad))
