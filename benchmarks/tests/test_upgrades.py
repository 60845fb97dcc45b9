"""Records of older schemas are read as what they would be today, or refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints
from zlib import crc32

import pytest

from benchmarks import record
from benchmarks.exceptions import RecordError
from benchmarks.record import SCHEMA_VERSION, Flag, RunRecord, State
from benchmarks.reports.tables import tables
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.summary import Costs, summarise
from benchmarks.tests.full_record import full_run
from benchmarks.tests.schema_1 import Data, run_1
from benchmarks.upgrades import STEPS, from_1, from_2, upgraded

SHAPE = (4, 2992978671)  # the schema, and a checksum over the fields of all its classes


def read_1(data: Data | None = None) -> RunRecord:
    return record.loads(json.dumps(data or run_1()), "old.json")


def test_there_is_a_step_from_every_older_schema() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


def test_what_schema_1_said_is_still_said() -> None:
    run, data = read_1(), run_1()
    assert (run.schema, run.state, run.seed, run.wall_s, run.notes) == (SCHEMA_VERSION, State.OK, 3, 12.5, ["a note"])
    assert (run.options, run.environment) == (data["options"], data["environment"])
    cell, was = run.cells[0], data["cells"][0]
    for name in set(was) - {"rounds"}:
        assert getattr(cell, name) == was[name]
    assert [entry.load.succeeded for entry in cell.rounds] == [1000, 1100, 1200, 9000]
    (found,) = {round(entry.percentile_ms(50), 3) for entry in [Histogram.of_counts(cell.rounds[0].load.histogram)]}
    assert found == pytest.approx(4.9045, rel=0.001), "bucket 4500 was the two microseconds from 4904 on"
    assert cell.rounds[0].load_side_busy == 0.4
    assert [entry.load for entry in run.cells[1].rounds][-1] is None


def test_what_schema_1_did_not_have_is_absent_or_unknown() -> None:
    cell = read_1().cells[0]
    assert (cell.rate_per_s, cell.sweep_axis, cell.flags, cell.idle, cell.overload) == (None, "", {}, None, None)
    assert cell.level == "32 connections"
    entry = cell.rounds[0]
    assert (entry.steal, entry.tasks_started, entry.database_connections, entry.flags) == (None, None, None, {})
    assert (entry.load.offered, entry.load.unsent, entry.load.slices) == (None, 0, [])
    used = entry.usage["server"]
    assert (used.open_files, used.voluntary_switches, used.involuntary_switches) == (None, None, None)


def run_2() -> Data:
    """What the first step makes is a run of schema 2; with an overload and a flag of then."""
    data = from_1(run_1())
    step = {
        "factor": 2.0,
        "offered_per_s": 9.0,
        "goodput_per_s": 4.0,
        "p99_ms": None,
        "failed": 1,
        "unsent": 0,
        "void": "",
    }
    data["cells"][0]["overload"] = {
        "capacity_per_s": 5.0,
        "steps": [step],
        "recovery_s": 1.5,
        "watched_s": 5.0,
        "died": False,
        "timeline": [],
        "slice_s": 0.25,
    }
    data["cells"][0]["rounds"][0]["flags"] = {"cut short": "some connections had no answer"}
    return data


@pytest.mark.parametrize(("wait_ms", "timeout_s"), [(0.0, 2.0), (200.0, 2.0), (1000.0, 3.0)])
def test_what_schema_2_did_not_have_is_unknown_or_what_it_was(wait_ms: float, timeout_s: float) -> None:
    data = run_2()
    data["cells"][0]["wait_ms"] = wait_ms
    cell = read_1(data).cells[0]
    assert [entry.others_busy for entry in cell.rounds] == [None] * 4
    assert (cell.overload.timeout_s, cell.overload.recovery_s) == (timeout_s, 1.5), "what the code of then waited"
    assert cell.rounds[0].flags == {Flag.CUT_SHORT: "some connections had no answer"}


def test_what_schema_3_did_not_have_is_absent_or_unknown() -> None:
    data = from_2(run_2())
    data["scenarios"][0]["wait_ms"] = 50.0
    run = read_1(data)
    assert (run.scenarios[0].settings, run.scenarios[0].claims, run.scenarios[0].cost_per) == ({"wait": 50.0}, [], "")
    cell = run.cells[0]
    assert (cell.hops, cell.rounds[0].database_connections_busy) == (0, None)
    assert (cell.rounds[0].load.groups, cell.rounds[0].load.first_chunk, cell.rounds[0].load.gaps) == ({}, {}, {})
    assert all(not card.settings for card in read_1().scenarios), "who did not wait has nothing to set"


def test_a_record_that_calls_itself_older_than_it_is_is_refused() -> None:
    for schema in range(1, SCHEMA_VERSION):
        data = json.loads(record.dumps(full_run()))
        with pytest.raises(RecordError, match=f"it does not follow its schema {schema}"):
            read_1({**data, "schema": schema})


def shape_of(kind: Any) -> dict[str, dict[str, str]]:
    """The fields of a record's class and of all below it, with their types as they are written."""
    inner = get_type_hints(kind).values() if is_dataclass(kind) else get_args(kind)
    found = {kind.__name__: {one.name: str(one.type) for one in fields(kind)}} if is_dataclass(kind) else {}
    for part in inner:
        found |= shape_of(part)
    return found


def test_the_shape_of_a_schema_never_changes() -> None:
    """Runs that people have stored are of this shape: who changes it raises SCHEMA_VERSION and writes the step."""
    told = json.dumps(shape_of(RunRecord), sort_keys=True)
    assert (SCHEMA_VERSION, crc32(told.encode())) == SHAPE, "not the schema that it was"


def test_an_old_runs_figures_are_shown() -> None:
    run = read_1()
    baseline, other, excused = summarise(run, "plaintext")
    assert (baseline.requests_per_s, other.requests_per_s, excused.requests_per_s) == (1100, 2200, None)
    assert other.ratio.value == pytest.approx(2.0)
    assert other.costs.voluntary_switches_per_request is None
    assert excused.costs == Costs()
    assert [row.texts[1] for row in tables(run)[0].figures.rows] == ["1,100", "2,200", "not applicable"]


def test_an_old_file_is_written_anew_in_todays_schema(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    record.write(read_1(), path)
    assert json.loads(path.read_text())["schema"] == SCHEMA_VERSION
    assert record.read(path) == read_1()


def test_upgrading_leaves_the_data_it_is_given_alone() -> None:
    data, before = run_1(), copy.deepcopy(run_1())
    assert upgraded(data, "old.json")["schema"] == SCHEMA_VERSION
    assert data == before


def test_todays_data_is_not_touched() -> None:
    data = {"schema": SCHEMA_VERSION, "whatever": 1}
    assert upgraded(data, "run.json") is data


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("scenarios"),
        lambda data: data.pop("cells"),
        lambda data: data.update(cells=None),
        lambda data: data.update(cells=[1]),
        lambda data: data["cells"][0].pop("rounds"),
        lambda data: data["cells"][0]["rounds"][0].pop("usage"),
        lambda data: data["cells"][0]["rounds"][0]["usage"]["server"].pop("peak_rss_bytes"),
        lambda data: data["cells"][0]["rounds"][0].update(load="fast"),
        lambda data: data["cells"][0]["rounds"][0].update(usage=[]),
    ],
)
def test_data_that_does_not_follow_schema_1_is_damaged(change: Callable[[Data], object]) -> None:
    data = run_1()
    change(data)
    with pytest.raises(RecordError, match=r"^old\.json is damaged: it does not follow its schema 1$"):
        read_1(data)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda data: data.pop("seed"), r"required field missing @ \$\.seed"),
        (lambda data: data.update(seed="3"), "/seed is '3'"),
        (lambda data: data["cells"][0].update(state="fine"), r"expected State @ \$\.cells\[0\]\.state"),
        (lambda data: data["cells"][0]["rounds"][0]["load"].pop("sent"), r"missing @ .*rounds\[0\]\.load\.sent"),
        (lambda data: data["cells"][0].update(speed=1), r"extra fields found \(speed\)"),
    ],
)
def test_damage_that_the_steps_do_not_see_is_seen_afterwards(change: Callable[[Data], object], place: str) -> None:
    data = run_1()
    change(data)
    with pytest.raises(RecordError, match=rf"^old\.json is damaged: .*{place}"):
        read_1(data)
