"""A stored run as JSON, CSV, Markdown and HTML: what was measured, and nothing that a reader's program would run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from apps.results.exports import EXPORTS, FORMULA, as_csv, as_html, as_json, as_markdown, guarded
from apps.results.models import Cell, Run
from apps.results.store import save_run
from benchmarks import record
from benchmarks.exceptions import RecordError
from benchmarks.record import State
from benchmarks.tests.full_record import full_run
from benchmarks.tests.records import cell_record, round_record, run_record
from benchmarks.tests.reference_runs import commit, run_of

pytestmark = pytest.mark.django_db


def lines(run: Run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(run), newline="")))


def test_json_is_read_back_as_the_very_record() -> None:
    assert record.loads(as_json(save_run(full_run()))) == full_run()


def test_csv_has_a_row_for_every_round_unrounded() -> None:
    run = run_of("fan_out")
    found = lines(save_run(run))
    rounds = [(cell, entry) for cell in run.cells for entry in cell.rounds]
    assert len(found) == len(rounds)
    for line, (cell, entry) in zip(found, rounds, strict=True):
        assert (line["scenario"], line["contender"], line["load"]) == (cell.scenario, cell.contender, cell.level)
        assert (int(line["round"]), line["state"]) == (entry.number, entry.state)
        assert float(line["requests_per_s"]) == entry.requests_per_s
        assert float(line["server_cpu_s"]) == entry.usage["server"].cpu_s
    histogram = run.cells[0].rounds[0].load.histogram  # type: ignore[union-attr]
    assert float(found[0]["p50_ms"]) == record.Histogram.of_counts(histogram).percentile_ms(50)


def test_csv_of_every_kind_of_round_keeps_its_columns() -> None:
    found = lines(save_run(full_run()))
    assert [line["state"] for line in found] == ["ok", "void", "failed", "ok"]
    assert found[0]["errors"] == "body 1"
    assert found[0]["sweep_value"] == "20.0"
    assert (found[2]["reason"], found[2]["server_cpu_s"]) == ("the server died", "")
    assert {None, ""}.isdisjoint(found[0])


def test_csv_of_a_cell_without_a_round_says_why() -> None:
    run = run_record(cell_record(rounds=[], state=State.EXCUSED, reason="needs PostgreSQL"))
    (line,) = lines(save_run(run))
    assert (line["cell_state"], line["cell_reason"], line["round"]) == ("not applicable", "needs PostgreSQL", "")


def test_csv_of_a_run_without_a_cell_is_its_header() -> None:
    text = as_csv(save_run(run_record()))
    assert text.startswith("run,scenario,contender,load,")
    assert text.count("\n") == 1


def test_a_spreadsheet_computes_no_text_of_ours() -> None:
    bad = '=HYPERLINK("http://x","y")'
    cells = [
        cell_record(bad, rounds=[round_record(1, reason=f"{sign}1+1")], concurrency=number, reason="\t=1")
        for number, sign in enumerate(FORMULA, start=1)
    ]
    for line in lines(save_run(run_record(*cells))):
        assert line["contender"] == f"'{bad}"
        for name, text in line.items():
            assert not text.startswith(FORMULA), name


def test_numbers_are_left_as_they_are() -> None:
    assert guarded(-1.5) == -1.5
    assert guarded("") == ""
    assert guarded(None) is None


def test_markdown_has_every_scenario_and_what_was_around_it() -> None:
    run = replace(run_of("plaintext", "slow_query"), notes=["a note"])
    text = as_markdown(save_run(run))
    for words in ("# Crossover run ", "## plaintext: ", "## slow_query: ", "| contender |", "**Verdict: ", "- a note"):
        assert words in text
    assert "| django | 5.2" in text
    assert f"commit {commit()}" in text
    assert "(nearly: " in text


def test_markdown_cells_cannot_end_their_row() -> None:
    run = replace(run_record(cell_record()), environment={"cpu": "a | b\nc"})
    assert "| cpu | a \\| b c |" in as_markdown(save_run(run))


def test_html_is_the_file_that_the_command_writes() -> None:
    text = as_html(save_run(run_of("plaintext", cells=2)))
    assert text.startswith("<!doctype html>")
    assert "Crossover run " in text


def test_a_run_that_is_going_on_is_exported_as_far_as_it_is() -> None:
    run = save_run(replace(run_of("plaintext", cells=2), state=State.RUNNING))
    assert json.loads(as_json(run))["state"] == "running"
    assert len(lines(run)) == 10
    assert "- state: running" in as_markdown(run)


def test_of_a_damaged_run_there_is_what_is_stored() -> None:
    run = save_run(run_of("plaintext", cells=2))
    Cell.objects.filter(run=run).update(hosting={"workers": "two"})
    data = json.loads(as_json(run))
    assert [len(cell["rounds"]) for cell in data["cells"]] == [5, 5]
    for kind in ("csv", "md", "html"):
        with pytest.raises(RecordError, match="is damaged"):
            EXPORTS[kind].make(run)
