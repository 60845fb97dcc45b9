"""The sentence that says what was seen."""

from __future__ import annotations

from benchmarks.record import State
from benchmarks.reports.sentences import sentence
from benchmarks.tests.records import cell_record, run_record

BASELINE_CELL = cell_record(rates=(100, 100, 100, 100, 100))


def said(*cells: object) -> str:
    return sentence(run_record(*cells), "plaintext")  # type: ignore[arg-type]


def test_it_names_the_best_and_groups_the_others_by_what_their_intervals_carry() -> None:
    text = said(
        BASELINE_CELL,
        cell_record("async@uvicorn", rates=(1000, 1500, 2000, 1500, 1500)),
        cell_record("aiohttp@aiohttp", rates=(2000, 2500, 3000, 2500, 2500)),
        cell_record("sync@uvicorn", rates=(90, 110, 120, 110, 110)),
        cell_record("sync@gunicorn-sync", rates=(80, 90, 110, 90, 90)),
        cell_record("wrapped@uvicorn", rates=(50, 40, 60, 50, 50)),
    )
    assert text == (
        "At 32 connections the highest median is that of aiohttp@aiohttp, 2,500 requests/s. "
        "Against sync@gunicorn-threads: "
        "better aiohttp@aiohttp (25.0 ×), async@uvicorn (15.0 ×); worse wrapped@uvicorn (0.50 ×); "
        "no difference seen for sync@uvicorn, sync@gunicorn-sync. "
        "Intervals: 95 %, paired by round."
    )


def test_it_speaks_of_the_highest_load_level_with_figures() -> None:
    text = said(
        *(cell_record(concurrency=8), cell_record(concurrency=64)),
        cell_record(concurrency=256, state=State.VOID),
        cell_record("async@uvicorn", rates=(5000,), concurrency=8),
    )
    assert text.startswith("At 64 connections the highest median is that of sync@gunicorn-threads, 1,000 requests/s")


def test_without_any_figure_it_says_that_nothing_can_be_said() -> None:
    nothing = "No cell has a figure that can be believed, so nothing can be said."
    assert said(cell_record(state=State.VOID), cell_record("async@uvicorn", state=State.FAILED)) == nothing


def test_without_a_baseline_it_gives_no_ratio() -> None:
    text = said(cell_record(state=State.VOID), cell_record("async@uvicorn", rates=(2000,)))
    assert text == (
        "At 32 connections the highest median is that of async@uvicorn, 2,000 requests/s; "
        "the baseline has no valid figure, so there is no ratio."
    )


def test_a_void_contender_is_not_compared() -> None:
    text = said(
        BASELINE_CELL,
        cell_record("async@uvicorn", rates=(900, 900, 900), state=State.VOID),
        cell_record("sync@uvicorn", rates=(50, 50, 50)),
    )
    assert "async@uvicorn" not in text
    assert "that of sync@gunicorn-threads, 100 requests/s" in text


def test_a_baseline_alone_is_compared_with_nothing() -> None:
    assert "that of sync@gunicorn-threads, 100 requests/s; no other contender has a valid figure." in said(
        BASELINE_CELL
    )


def test_too_few_rounds_claim_nothing() -> None:
    text = said(cell_record(rates=(100, 100, 100)), cell_record("async@uvicorn", rates=(900, 900, 900)))
    assert text.endswith("too few rounds in common to say anything of async@uvicorn.")
    assert "Intervals" not in text


def test_what_is_trusted_of_some_is_said_though_others_have_too_few_rounds() -> None:
    text = said(
        cell_record(rates=(100,) * 9),
        cell_record("async@uvicorn", rates=(900,) * 9),
        cell_record("sync@uvicorn", rates=(50,) * 4),
    )
    assert "better async@uvicorn (9.00 ×); too few rounds in common to say anything of sync@uvicorn." in text
    assert text.endswith("Intervals: 95 %, paired by round.")
