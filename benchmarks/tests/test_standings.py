"""From a run's cells to verdicts and crossings."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, Flag, RunRecord, State
from benchmarks.reports.sentences import crossing_sentences, sentence, verdict_sentence
from benchmarks.stats import standings
from benchmarks.stats.crossover import State as Crossing
from benchmarks.stats.queueing import predicted_crossover_ms
from benchmarks.stats.standings import advice, crossings, is_async_django
from benchmarks.stats.verdict import Advice, Level
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

ASYNC, PROCESSES, OUTSIDE = "async@uvicorn", "sync@gunicorn-sync", "aiohttp@aiohttp"


def cell(contender: str, rate: int, **changes: Any) -> CellRecord:
    return cell_record(contender, rates=(rate,) * 5, **changes)


def levels(monkeypatch: pytest.MonkeyPatch, run: RunRecord) -> list[Level]:
    """What the verdict is asked about."""
    asked: list[list[Level]] = []
    monkeypatch.setattr(standings, "verdict", asked.append)
    advice(run, "plaintext")
    return asked[0]


@pytest.mark.parametrize(
    ("contender", "is_one"),
    [
        (ASYNC, True),
        ("async@uvicorn+none", True),
        ("wrapped@uvicorn", True),
        ("async-stream@uvicorn", True),
        ("sync@uvicorn", False),
        ("sync-stream@uvicorn", False),
        (BASELINE, False),
        (OUTSIDE, False),
    ],
)
def test_async_django_is_what_a_team_would_have_that_moved_its_views(contender: str, is_one: bool) -> None:
    assert is_async_django(contender) == is_one


def test_a_level_has_baseline_processes_and_the_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [cell(name, rate) for name, rate in ((BASELINE, 100), (PROCESSES, 50), (ASYNC, 200), (OUTSIDE, 900))]
    (level,) = levels(monkeypatch, run_record(*cells, cell("sync@uvicorn", 80)))
    assert (level.order, level.text, level.baseline) == (32, "32 connections", BASELINE)
    assert level.processes.ratio.value == pytest.approx(0.5)
    assert [standing.contender for standing in level.candidates] == [ASYNC]
    assert level.candidates[0].ratio.value == pytest.approx(2.0)
    assert not level.baseline_at_ceiling
    assert not level.candidates[0].at_ceiling


def test_ceilings_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = {Flag.CEILING: "at it"}
    (level,) = levels(monkeypatch, run_record(cell(BASELINE, 100, flags=flags), cell(ASYNC, 100, flags=flags)))
    assert level.baseline_at_ceiling
    assert level.candidates[0].at_ceiling


def test_void_cells_are_candidates_without_a_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_record(cell(BASELINE, 100), cell(ASYNC, 200, state=State.VOID))
    (level,) = levels(monkeypatch, run)
    assert level.candidates[0].ratio is None


def test_beside_a_void_baseline_nothing_can_be_said() -> None:
    assert advice_of(cell(BASELINE, 100, state=State.VOID), cell(ASYNC, 200)) is Advice.UNDECIDED


def test_levels_are_ordered_by_connections_or_by_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = run_record(*(cell(name, 9, concurrency=level) for level in (64, 8) for name in (BASELINE, ASYNC)))
    assert [level.order for level in levels(monkeypatch, closed)] == [64, 8]
    opened = run_record(*(cell(name, 9, rate_per_s=rate) for rate in (50.0, 5.0) for name in (BASELINE, ASYNC)))
    assert [(level.order, level.text) for level in levels(monkeypatch, opened)] == [
        *((50.0, "50 requests/s"), (5.0, "5 requests/s"))
    ]


def advice_of(*cells: CellRecord) -> Advice:
    return advice(run_record(*cells), "plaintext").advice


def test_the_advice_follows_the_cells() -> None:
    assert advice_of(cell(BASELINE, 100), cell(ASYNC, 200)) is Advice.GO_ASYNC
    assert advice_of(cell(BASELINE, 100), cell(ASYNC, 50)) is Advice.STAY_SYNC
    assert advice_of(cell(BASELINE, 100), cell(ASYNC, 50), cell(PROCESSES, 20)) is Advice.ADD_THREADS
    assert advice_of(cell(BASELINE, 100), cell(ASYNC, 101)) is Advice.NO_MATTER
    pairs = [(8, 100), (64, 200)]
    cells = [
        cell(name, rate, concurrency=n) for n, faster in pairs for name, rate in ((BASELINE, 100), (ASYNC, faster))
    ]
    assert advice_of(*cells) is Advice.ASYNC_AT_HIGH


def test_who_leaves_django_is_never_advised() -> None:
    assert advice_of(cell(BASELINE, 100), cell(ASYNC, 101), cell(OUTSIDE, 900)) is Advice.NO_MATTER


def test_the_verdict_is_a_sentence_with_number_level_and_rule() -> None:
    text = verdict_sentence(run_record(cell(BASELINE, 100), cell(ASYNC, 200)), "plaintext")
    assert text.startswith("Verdict: go async. async@uvicorn: 2.00 × (2.00–2.00) at 32 connections. Rule: ")


def swept(axis: str, rates: dict[float, tuple[int, int]], contender: str = ASYNC, **changes: Any) -> RunRecord:
    """At each point the baseline's rate and the contender's."""
    cells = [
        cell(name, rate, sweep_axis=axis, sweep_value=value, **changes)
        for value, pair in rates.items()
        for name, rate in zip((BASELINE, contender), pair, strict=True)
    ]
    return run_record(*cells)


WAITS = {1.0: (200, 100), 10.0: (150, 100), 100.0: (100, 200)}
THREADS = {4.0: (50, 100), 16.0: (100, 100), 64.0: (200, 100)}


def test_a_sweep_has_crossings_and_no_verdict() -> None:
    run = swept("wait", WAITS)
    assert advice(run, "plaintext") is None
    assert (verdict_sentence(run, "plaintext"), sentence(run, "plaintext")) == ("", "")
    (found,) = crossings(run, "plaintext")
    assert (found.contender, found.baseline, found.axis) == (ASYNC, BASELINE, "wait")
    assert (found.level, found.concurrency) == ("32 connections", 32)
    assert found.measured.state is Crossing.CROSSES
    assert 10 < found.measured.low <= found.measured.x <= found.measured.high < 100


def test_without_a_sweep_there_are_no_crossings() -> None:
    assert crossings(run_record(cell(BASELINE, 100), cell(ASYNC, 200)), "plaintext") == []


def test_more_threads_help_the_baseline_so_that_axis_is_turned() -> None:
    """Async is ahead up to so many threads, and the interval still goes from low to high."""
    run = swept("threads", THREADS)
    noise = ((0, 5, 1, 4, 2), (3, 1, 5, 0, 4))  # of the two contenders
    for one, added in zip(run.cells, noise * len(THREADS), strict=True):
        one.rounds = [
            round_record(entry.number, load_result(entry.load.succeeded + more))
            for entry, more in zip(one.rounds, added, strict=True)
        ]
    (found,) = crossings(run, "plaintext")
    assert found.measured.state is Crossing.CROSSES
    assert 4 < found.measured.low < found.measured.x < found.measured.high < 64
    assert found.predicted is None
    (said,) = crossing_sentences(swept("threads", THREADS), "plaintext")
    assert "ahead up to 16 threads, 95 % interval" in said
    assert "predicted" not in said


def test_every_level_and_contender_has_a_crossing_of_its_own() -> None:
    run = run_record(*(one for level in (8, 64) for one in swept("wait", WAITS, concurrency=level).cells))
    run.cells += [
        one for one in swept("wait", WAITS, "wrapped@uvicorn", concurrency=8).cells if one.contender != BASELINE
    ]
    assert [(found.contender, found.level) for found in crossings(run, "plaintext")] == [
        *((ASYNC, "8 connections"), (ASYNC, "64 connections"), ("wrapped@uvicorn", "8 connections"))
    ]


def test_points_without_two_figures_are_left_out_and_one_point_is_no_sweep() -> None:
    run = swept("wait", WAITS)
    for one in run.cells[:2]:
        one.state = State.VOID
    assert crossings(run, "plaintext")[0].measured.state is Crossing.CROSSES
    run.cells[2].state = State.FAILED
    assert crossings(run, "plaintext") == []


def test_the_prediction_is_made_of_measured_cpu_and_declared_waits() -> None:
    """Two waits one after another, 4 slots and 2 ms of CPU for the baseline; one, no limit and 5 ms for async."""
    cells = []
    for value in (1.0, 100.0):
        for name, cpu_s, waits, slots in ((BASELINE, 0.2, 2, 4), (ASYNC, 0.5, 1, None)):
            rounds = [round_record(n, load_result(100), usage={"server": usage(cpu_s)}) for n in range(1, 6)]
            point = {"sweep_axis": "wait", "sweep_value": value, "wait_ms": waits * value, "slots": slots}
            cells.append(cell_record(name, rounds=rounds, **point))
    (found,) = crossings(run_record(*cells), "plaintext")
    expected = predicted_crossover_ms(32, 0.005, 1, None, 0.002, 2, 4, low_ms=0.1, high_ms=1000.0)
    assert found.predicted == pytest.approx(expected)
    assert expected is not None
    (said,) = crossing_sentences(run_record(*cells), "plaintext")
    assert f"predicted by the queueing model: from {expected:.3g} ms of wait on." in said


def test_without_measured_cpu_nothing_is_predicted() -> None:
    run = swept("wait", WAITS)
    for one in run.cells:
        for entry in one.rounds:
            entry.usage = {}
    assert crossings(run, "plaintext")[0].predicted is None


def test_in_an_open_loop_a_crossing_is_one_of_median_latencies() -> None:
    cells = []
    for value, latencies_s in ((1.0, (0.010, 0.020)), (100.0, (0.030, 0.015))):
        for name, latency_s in zip((BASELINE, ASYNC), latencies_s, strict=True):
            rounds = [round_record(n, load_result(100, latency_s=latency_s)) for n in range(1, 6)]
            point = {"sweep_axis": "wait", "sweep_value": value, "wait_ms": value, "rate_per_s": 100.0}
            cells.append(cell_record(name, rounds=rounds, **point))
    assert crossings(run_record(*cells), "plaintext")[0].measured.state is Crossing.CROSSES


@pytest.mark.parametrize(("contender_waits", "expected"), [(1, "ahead at every wait"), (30, "not ahead at any wait")])
def test_a_lead_without_a_crossing_is_predicted_as_one(contender_waits: int, expected: str) -> None:
    """A contender that waits once is always ahead of one that waits ten times for the same work, and never behind."""
    run = swept("wait", WAITS)
    for one in run.cells:
        waits = contender_waits if one.contender == ASYNC else 10
        one.wait_ms, one.slots = waits * one.sweep_value, None
        for entry in one.rounds:
            entry.usage = {"server": usage(0.001)}
    assert f"predicted by the queueing model: {expected}." in " ".join(crossing_sentences(run, "plaintext"))


def test_what_stands_before_the_views_is_no_part_of_the_verdict() -> None:
    """Async without middlewares is not compared with threads behind seven."""
    cells = [cell(BASELINE, 1000, middleware="default"), cell(f"{ASYNC}+none", 5000, middleware="none")]
    assert advice_of(*cells) is Advice.UNDECIDED
    assert advice_of(*cells, cell(ASYNC, 500, middleware="default")) is Advice.STAY_SYNC


def test_requests_of_several_kinds_have_no_verdict_in_common() -> None:
    groups = {"calls": {100: 5}, "queries": {100: 5}}
    rounds = [round_record(number, load_result(1000, groups=groups)) for number in range(1, 6)]
    assert advice(run_record(cell_record(rounds=rounds), cell_record(ASYNC, rounds=rounds)), "plaintext") is None


def test_a_crossover_says_how_many_threads_it_is_over() -> None:
    rates = {1.0: (500, 1000), 100.0: (2000, 1000)}
    (said,) = crossing_sentences(swept("wait", rates, threads=16), "plaintext")
    assert f"against {BASELINE} of 16 threads at 32 connections" in said
