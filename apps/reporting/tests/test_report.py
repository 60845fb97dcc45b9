"""What pages say of a run: marks that the interval allows, gates with their reasons, commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.reporting.report import CLAIMS_KEY, Headline, Says, headline, reports, scenario_report, version
from benchmarks.json_codec import json_codec
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, Flag, RunRecord, State
from benchmarks.tests.records import cell_record, round_record, run_record

RATES = (1000, 1020, 980, 1010, 990)
ASYNC = "async@uvicorn"


def told(*cells: CellRecord) -> Headline:
    run = run_record(*cells)
    return headline(run, run.scenarios[0])


def faster(factor: float) -> tuple[int, ...]:
    return tuple(int(rate * factor) for rate in RATES)


def swept(contender: str, *factors: float) -> list[CellRecord]:
    return [
        cell_record(contender, faster(factor), sweep_axis="wait", sweep_value=float(place + 1))
        for place, factor in enumerate(factors)
    ]


@pytest.mark.parametrize(
    ("factor", "says", "text"),
    [(2, Says.BETTER, "2.00 ×"), (0.5, Says.WORSE, "0.50 ×"), (1, Says.EVEN, "1.00 ×")],
)
def test_a_mark_says_what_the_interval_allows(factor: float, says: Says, text: str):
    baseline, mark = told(cell_record(rates=RATES), cell_record(ASYNC, faster(factor))).marks
    assert (baseline.says, baseline.text) == (Says.BASELINE, "1,000/s")
    assert (mark.contender, mark.says, mark.text) == (ASYNC, says, text)
    assert mark.value == pytest.approx(factor)
    assert f"{mark.value} × (" in mark.told, "not rounded"
    assert "requests/s at 32 connections" in mark.told


def test_few_rounds_rank_nobody():
    mark = told(cell_record(rates=RATES[:3]), cell_record(ASYNC, faster(2)[:3])).marks[1]
    assert (mark.says, mark.text) == (Says.UNRANKED, "? 2.00 ×")


def test_advice_comes_with_its_number_and_its_rule():
    found = told(cell_record(rates=RATES), cell_record(ASYNC, faster(2)))
    assert found.advice == "go async"
    assert found.number.startswith("async@uvicorn: 2.00 × (") and found.number.endswith(") at 32 connections.")
    assert "at least 10 % ahead" in found.rule


def test_the_advice_of_a_sweep_is_its_crossover():
    found = told(*swept(BASELINE, 1, 1), *swept(ASYNC, 0.5, 2))
    assert (found.advice, found.rule) == ("crosses", "")
    assert "ahead from 1.41 ms of wait on" in found.number


def test_without_a_baseline_there_is_a_figure_and_no_rank():
    void = replace(cell_record(rates=RATES), state=State.VOID, reason="the generator was busy")
    baseline, mark = told(void, cell_record(ASYNC, RATES)).marks
    assert (baseline.says, baseline.text, baseline.told) == (Says.NOTHING, "void", "the generator was busy")
    assert (mark.says, mark.text) == (Says.UNRANKED, "–")
    assert "no valid figure" in mark.told


def test_at_the_same_ceiling_nobody_is_ranked():
    flags = {Flag.CEILING: "the wait was measured"}
    cells = [replace(cell_record(name, RATES), flags=flags) for name in (BASELINE, ASYNC)]
    mark = told(*cells).marks[1]
    assert (mark.says, mark.text, mark.value) == (Says.CEILING, "ceiling", None)


def test_the_highest_load_is_the_one_that_is_told():
    found = told(
        cell_record(rates=RATES, concurrency=8),
        cell_record(ASYNC, faster(3), concurrency=8),
        cell_record(rates=RATES, concurrency=64),
        cell_record(ASYNC, faster(2), concurrency=64),
    )
    assert found.level == "64 connections"
    assert [mark.text for mark in found.marks] == ["1,000/s", "2.00 ×"]


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        ((2, 3), Says.BETTER),
        ((0.5, 0.25), Says.WORSE),
        ((1, 1), Says.EVEN),
        ((0.5, 2), Says.MIXED),
        ((1, 2), Says.MIXED),
        ((1, 0.5), Says.MIXED),
    ],
)
def test_a_sweep_is_a_range(factors: tuple[float, float], says: Says):
    baseline, mark = told(*swept(BASELINE, 1, 1), *swept(ASYNC, *factors)).marks
    assert (baseline.says, baseline.text) == (Says.BASELINE, "baseline")
    assert mark.says == says
    assert mark.text == f"{min(factors):.2f}–{max(factors):.2f} ×"
    assert "wait 2 ms" in mark.told


def test_of_several_crossovers_that_at_the_highest_load_is_told():
    cells = [
        replace(cell, concurrency=concurrency)
        for concurrency, factors in ((8, (0.25, 0.5)), (64, (0.5, 2)))
        for cell in (*swept(BASELINE, 1, 1), *swept(ASYNC, *factors))
    ]
    found = told(*cells)
    assert found.advice == "crosses"
    assert "at 64 connections" in found.number


def test_a_range_is_as_deep_as_its_end_nearest_to_one():
    for factors, value in [((2, 3), 2), ((0.5, 0.25), 0.5), ((0.5, 2), None)]:
        assert told(*swept(BASELINE, 1, 1), *swept(ASYNC, *factors)).marks[1].value == (value and pytest.approx(value))


def test_a_sweep_of_which_nothing_is_known():
    void = [replace(cell, state=State.FAILED, reason="it did not answer") for cell in swept(ASYNC, 1, 1)]
    mark = told(*swept(BASELINE, 1, 1), *void).marks[1]
    assert (mark.says, mark.told) == (Says.NOTHING, "it did not answer")
    assert told(*swept(ASYNC, 1, 1)).marks[0].says == Says.UNRANKED


def test_a_scenario_with_a_sweep_beside_it_is_told_without_it():
    found = told(*swept(BASELINE, 1, 1), cell_record(rates=RATES), cell_record(ASYNC, faster(2)))
    assert (found.level, len(found.marks)) == ("32 connections", 2)


def scenario(run: RunRecord):
    return scenario_report(run, run.scenarios[0])


def test_gates_of_cells_flags_and_rounds():
    busy = [round_record(number, state=State.VOID, reason="CPU 1 was busy") for number in (2, 4)]
    cell = cell_record(ASYNC, RATES[:1])
    flags = {Flag.CEILING: "the wait was measured", Flag.VOID_ROUNDS: "2 of 3 rounds void: CPU 1 was busy"}
    cell = replace(cell, rounds=[*cell.rounds, *busy], flags=flags)
    failed = replace(cell_record("aiohttp@aiohttp"), state=State.FAILED, reason="it ended")
    found = scenario(run_record(cell, failed, replace(cell, state=State.OK))).gates
    assert [(gate.contender, gate.what, gate.why, gate.rounds) for gate in found[:3]] == [
        (ASYNC, Flag.CEILING, "the wait was measured", ()),
        (ASYNC, "round void", "CPU 1 was busy", (2, 4)),
        ("aiohttp@aiohttp", "failed", "it ended", ()),
    ]


def test_each_command_once():
    cells = [
        cell_record(rates=RATES, concurrency=level, command=["python", "-m", "gunicorn", *more], verified=["8 answers"])
        for level, more in ((8, ()), (16, ()), (32, ("--threads", "32")))
    ]
    found = scenario(run_record(*cells)).served
    assert [one.command for one in found] == ["python -m gunicorn", "python -m gunicorn --threads 32"]
    assert (found[0].level, found[0].verified) == ("8 connections", ("8 answers",))


def test_reports_are_json_of_what_was_measured():
    run = run_record(cell_record(rates=RATES), cell_record(ASYNC, faster(2)))
    run.scenarios.append(replace(run.scenarios[0], name="fan_out"))
    found = reports(run)
    assert list(found) == ["plaintext", CLAIMS_KEY]
    assert json_codec.dumps(found)
    assert found["plaintext"]["headline"]["marks"][1]["says"] == "better"
    assert {claim["id"] for claim in found[CLAIMS_KEY]["claims"]} >= {"C1", "C12"}


def test_the_version_is_that_of_the_code():
    assert version() == version()
    assert len(version()) == 16
