"""Records are written whole and read back, or refused with a reason."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks import record
from benchmarks.exceptions import RecordError
from benchmarks.record import CellRecord, State
from benchmarks.tests.full_record import full_run
from benchmarks.tests.records import cell_record, round_record, run_record


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    """A run's JSON after a change to it."""
    data = json.loads(record.dumps(full_run()))
    change(data)
    return json.dumps(data)


def test_what_was_written_is_what_is_read() -> None:
    assert record.loads(record.dumps(full_run())) == full_run()


def test_the_text_says_which_schema_it_has() -> None:
    assert json.loads(record.dumps(full_run()))["schema"] == record.SCHEMA_VERSION == 4


def test_the_record_of_the_round_trip_leaves_no_field_at_its_default() -> None:
    """So that a field that is added is in it, too, or this fails."""
    told: dict[str, set[bool]] = {}
    todo: list[Any] = [full_run()]
    while todo:
        item = todo.pop()
        if is_dataclass(item):
            for one in fields(item):
                value = getattr(item, one.name)
                usual = one.default_factory() if one.default_factory is not MISSING else one.default
                told.setdefault(f"{type(item).__name__}.{one.name}", set()).add(value != usual)
                todo.append(value)
        elif isinstance(item, list | dict):
            todo += item.values() if isinstance(item, dict) else item
    assert {name for name, changed in told.items() if True not in changed} == {"RunRecord.schema"}
    assert {name.partition(".")[0] for name in told} >= {"Usage", "Slice", "IdleRecord", "OverloadStep", "LoadResult"}


def test_a_file_survives_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    record.write(full_run(), path)
    assert record.read(path) == full_run()
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_that_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    record.write(full_run(), path)
    unwritable = full_run()
    unwritable.options["database"] = object()
    with pytest.raises(TypeError):
        record.write(unwritable, path)
    assert record.read(path) == full_run()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "not JSON", "{'seed': 1}"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match=r"^run\.json is not JSON: ") as caught:
        record.loads(text, "run.json")
    assert caught.value.hint == "was it cut off? export the run again"


def test_a_file_that_was_cut_off_is_refused_with_its_name(tmp_path: Path) -> None:
    path, text = tmp_path / "run.json", record.dumps(full_run())
    for length in (1, len(text) // 2, len(text) - 1):
        path.write_text(text[:length])
        with pytest.raises(RecordError, match=r"run\.json is not JSON: .* line \d+ column \d+") as caught:
            record.read(path)
        assert "cut off" in caught.value.hint


@pytest.mark.parametrize("schema", [0, 5, "4", 4.0, True, None])
def test_an_unknown_schema_is_refused(schema: object) -> None:
    text = damaged(lambda data: data.update(schema=schema))
    with pytest.raises(RecordError, match=r"the record has schema .* this version reads 1 to 4") as caught:
        record.loads(text)
    assert repr(schema) in str(caught.value)
    assert "the version of this project that wrote it" in caught.value.hint


@pytest.mark.parametrize("text", ["[]", "null", "1", '"run"', "{}"])
def test_json_that_is_no_record_has_no_schema(text: str) -> None:
    with pytest.raises(RecordError, match="has schema None"):
        record.loads(text)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data.pop("seed"), r"required field missing @ \$\.seed"),
        (lambda data: data["scenarios"][0].pop("title"), r"required field missing @ \$\.scenarios\[0\]\.title"),
        (lambda data: data["cells"][0]["rounds"][0]["load"].pop("sent"), r"missing @ .*rounds\[0\]\.load\.sent"),
        (lambda data: data.update(sed=1), r"extra fields found \(sed\) @ \$"),
        (lambda data: data["cells"][0]["rounds"][0].update(rate=1), r"extra fields found \(rate\) @ .*rounds\[0\]"),
        (lambda data: data["cells"][1].update(state="fine"), r"expected State @ \$\.cells\[1\]\.state"),
        (lambda data: data.update(seed="one"), r"expected int @ \$\.seed"),
        (lambda data: data.update(cells=None), r"expected list @ \$\.cells"),
    ],
    ids=["missing", "missing below", "missing deep below", "extra", "extra below", "state", "number", "list"],
)
def test_a_damaged_record_is_refused_with_the_place(change: Callable[[dict[str, Any]], object], complaint: str) -> None:
    with pytest.raises(RecordError, match=rf"^run\.json is damaged: .*{complaint}"):
        record.loads(damaged(change), "run.json")


def test_a_badly_damaged_record_names_its_first_three_faults_only() -> None:
    with pytest.raises(RecordError) as caught:
        record.loads('{"schema": 4}')
    assert str(caught.value).count("required field missing") == 3


def test_an_absent_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"absent\.json cannot be read: No such file or directory"):
        record.read(tmp_path / "absent.json")


def test_a_folder_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read: Is a directory"):
        record.read(tmp_path)


def test_only_valid_rounds_are_merged() -> None:
    cell = cell_record(rounds=[round_record(1), round_record(2, state=State.VOID), round_record(3)])
    cell.rounds[2].load = None
    assert [entry.number for entry in cell.valid_rounds] == [1]
    assert cell.histogram().total == 1000


def test_a_round_without_load_answered_nothing() -> None:
    entry = round_record()
    entry.load = None
    assert entry.requests_per_s == 0


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "32 connections"),
        ({"concurrency": 1}, "1 connection"),
        ({"rate_per_s": 12.5}, "12.5 requests/s"),
        ({"sweep_axis": "wait", "sweep_value": 5.0}, "32 connections, wait 5 ms"),
        ({"sweep_axis": "workers", "sweep_value": 1.0}, "32 connections, 1 worker"),
        ({"sweep_axis": "threads", "sweep_value": 64.0, "concurrency": 8}, "8 connections, 64 threads"),
    ],
)
def test_a_level_is_the_load_and_the_point_of_a_sweep_in_words(changes: dict[str, Any], level: str) -> None:
    assert cell_record(**changes).level == level


@pytest.mark.parametrize(("slots", "at_once"), [(None, 32), (2, 2), (64, 32)])
def test_slots_or_connections_whichever_are_fewer_are_served_at_once(slots: int | None, at_once: int) -> None:
    assert CellRecord("plaintext", "sync@uvicorn", 32, slots=slots).served_at_once == at_once


@pytest.mark.parametrize("key", ["cells", "state", "notes", "reason"])
def test_a_field_that_has_a_default_may_not_be_missing_either(key: str) -> None:
    data = json.loads(record.dumps(run_record(cell_record())))
    del data[key]
    with pytest.raises(RecordError, match=f"/{key} is missing"):
        record.loads(json.dumps(data))


@pytest.mark.parametrize(("key", "value"), [("seed", "7"), ("started_at", None), ("notes", "no")])
def test_a_value_of_another_type_is_not_bent(key: str, value: object) -> None:
    data = {**json.loads(record.dumps(run_record(cell_record()))), key: value}
    with pytest.raises(RecordError, match="is damaged"):
        record.loads(json.dumps(data))


@pytest.mark.parametrize("content", [b"\xff\xfe{", b"[" * 100_000])
def test_what_is_no_text_or_too_deep_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RecordError):
        record.read(path)


def test_writing_keeps_a_link_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "run.json", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(target)
    record.write(full_run(), link)
    assert link.is_symlink()
    assert record.read(target) == full_run()
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(pipe.read_text)
        record.write(full_run(), pipe)
        assert record.loads(reading.result(timeout=10)) == full_run()
    assert pipe.is_fifo()
    reader, writer = os.pipe()
    with os.fdopen(reader) as into, os.fdopen(writer, "w") as out:
        record.write(full_run(), Path(f"/dev/fd/{writer}"))  # as /dev/stdout is before | cat; it holds 64 kB
        out.close()
        assert record.loads(into.read()) == full_run()
    with pytest.raises(RecordError, match="/dev/full cannot be written: No space left on device"):
        record.write(full_run(), Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def first_load(data: dict[str, Any]) -> dict[str, Any]:
    return data["cells"][0]["rounds"][0]["load"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: first_load(data).update(succeeded=-100), "succeeded with an impossible count"),
        (lambda data: first_load(data).update(succeeded=10**400), "succeeded with an impossible count"),
        (lambda data: first_load(data).update(histogram={"1000000000": 10}), "histogram with an impossible bucket"),
        (lambda data: first_load(data).update(send_lag={"-5": 10}), "send_lag with an impossible bucket"),
        (lambda data: first_load(data).update(connect={"5": -1}), "connect with an impossible count"),
        (lambda data: first_load(data).update(window_s=1e-320), "a window of .* s"),
        (lambda data: data.update(scenarios=[]), "a cell of a scenario 'plaintext' that the run does not have"),
        (lambda data: data["cells"][0].update(sweep_axis="Foo 1"), "a sweep over 'Foo 1'"),
        (lambda data: data["cells"].append(data["cells"][0]), "a cell that is there twice"),
    ],
)
def test_what_no_run_can_have_is_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    with pytest.raises(RecordError, match=rf"^run\.json is damaged: (plaintext \S+, round 1: )?{said}$"):
        record.loads(damaged(change), "run.json")


def test_a_bound_on_what_is_under_way_is_no_load_level() -> None:
    settings = {cell_record(rate_per_s=100.0, concurrency=bound).setting for bound in (20, 21)}
    assert len(settings) == 1
    assert cell_record(concurrency=20).setting != cell_record(concurrency=21).setting
