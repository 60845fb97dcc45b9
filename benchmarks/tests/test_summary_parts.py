"""What is known of parts of the answers, and what tables show of it: kinds of requests, pieces of a stream, axes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, RunRecord, State
from benchmarks.reports.tables import Grid, ScenarioTable, tables
from benchmarks.reports.terminal import WIDEST, print_run
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.standings import crossings
from benchmarks.stats.summary import CellSummary, Spread, summarise
from benchmarks.tests.records import cell_record, load_result, round_record, run_record

ASYNC = "async@uvicorn"
KINDS, PIECES = "Latency by kind of request", "When the pieces of a stream arrive"


def counts(*latencies_s: float) -> dict[int, int]:
    return dict(Histogram.of_seconds(latencies_s).counts)


def grouped(contender: str = ASYNC, **groups: dict[int, int]) -> CellRecord:
    return cell_record(contender, rounds=[round_record(1, load_result(100, groups=groups))])


def streamed(contender: str, first_s: float, gap_s: float, **changes: Any) -> CellRecord:
    load = load_result(100, first_chunk=counts(*[first_s] * 100), gaps=counts(*[gap_s] * 900))
    return cell_record(contender, rounds=[round_record(1, load)], **changes)


def summary(cell: CellRecord) -> CellSummary:
    (found,) = summarise(run_record(cell), "plaintext")
    return found


def table(*cells: CellRecord) -> ScenarioTable:
    (found,) = tables(run_record(*cells))
    return found


def lines(grid: Grid) -> list[tuple[str, ...]]:
    return [row.texts for row in grid.rows]


def printed(run: RunRecord, width: int = WIDEST) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_run(console, run)
    return console.export_text()


def near(p50_ms: float | None, p99_ms: float | None) -> Spread:
    """As near as a histogram's buckets are to what fell into them."""
    return Spread(*(value and pytest.approx(value, rel=0.001) for value in (p50_ms, p99_ms)))  # type: ignore[arg-type]


def test_a_groups_percentiles_come_from_the_merged_histograms_of_valid_rounds() -> None:
    """98 answers in 1 ms, and two in 1 s in another round: no mean of the rounds' percentiles."""
    rounds = [
        round_record(1, load_result(100, groups={"innocent": counts(*[0.001] * 98)})),
        round_record(2, load_result(100, groups={"innocent": counts(1.0, 1.0), "poisoned": counts(0.05)})),
        round_record(3, load_result(100, groups={"innocent": counts(*[9.0] * 900)}), state=State.VOID),
    ]
    found = summary(cell_record(rounds=rounds)).groups
    assert found == {"innocent": near(1.0, 1000.0), "poisoned": near(None, None)}, "of one answer nothing is told"


def test_a_stream_has_the_time_to_its_first_piece_and_the_gaps_between_them() -> None:
    found = summary(streamed(ASYNC, 0.004, 0.020))
    assert (found.first_chunk, found.gap) == (near(4.0, 4.0), near(20.0, 20.0))


def test_pieces_that_came_together_have_no_gap_between_them() -> None:
    found = summary(streamed(ASYNC, 0.180, 0.0))
    assert found.gap == Spread(0.0, 0.0)


def test_answers_without_parts_have_none() -> None:
    found = summary(cell_record())
    assert (found.groups, found.first_chunk, found.gap) == ({}, None, None)
    assert table(cell_record()).parts == ()


def test_a_cell_that_is_not_to_be_believed_has_no_parts() -> None:
    found = summary(cell_record(rounds=grouped(innocent=counts(*[0.01] * 100)).rounds, state=State.VOID))
    assert found.groups == {}


def test_kinds_of_requests_are_columns_with_a_dash_where_a_contender_has_none() -> None:
    innocent = counts(*[0.010] * 100)
    ((title, grid),) = table(
        grouped(BASELINE, innocent=innocent), grouped(innocent=innocent, poisoned=counts(*[0.050] * 4))
    ).parts
    assert title == KINDS
    assert grid.headings == ("contender", "innocent p50 ms", "innocent p99 ms", "poisoned p50 ms", "poisoned p99 ms")
    assert lines(grid) == [(BASELINE, "10.0", "10.0", "–", "–"), (ASYNC, "10.0", "10.0", "50.0", "–")]


def test_pieces_of_a_stream_are_a_table_of_those_who_stream() -> None:
    ((title, grid),) = table(
        streamed(BASELINE, 0.004, 0.020), streamed(ASYNC, 0.180, 0.0), cell_record("wrapped@uvicorn")
    ).parts
    assert title == PIECES
    assert grid.headings == ("contender", "first chunk p50 ms", "p99 ms", "gap p50 ms", "gap p99 ms")
    assert lines(grid) == [(BASELINE, "4.00", "4.00", "20.0", "20.0"), (ASYNC, "180", "180", "0.00", "0.00")]


def test_parts_have_a_column_for_the_load_where_there_are_several_levels() -> None:
    found = table(*(streamed(ASYNC, 0.004, 0.020, concurrency=level) for level in (64, 8)))
    ((_, grid),) = found.parts
    assert grid.keys == 2
    assert [row[:2] for row in lines(grid)] == [(ASYNC, "8 connections"), (ASYNC, "64 connections")]


def test_a_terminal_shows_the_parts_below_their_titles() -> None:
    groups = {"slow": counts(*[0.3] * 100)}
    load = load_result(100, first_chunk=counts(*[0.004] * 100), gaps=counts(*[0.02] * 900), groups=groups)
    text = printed(run_record(cell_record(ASYNC, rounds=[round_record(1, load)])))
    flat = [" ".join(line.split()) for line in text.splitlines()]
    for title, heading, row in (
        (PIECES, "contender first chunk p50 ms p99 ms gap p50 ms gap p99 ms", f"{ASYNC} 4.00 4.00 20.0 20.0"),
        (KINDS, "contender slow p50 ms slow p99 ms", f"{ASYNC} 300 300"),
    ):
        place = flat.index(title)
        assert heading in flat[place + 1 : place + 4]
        assert row in flat[place + 1 : place + 6]


def test_connections_at_work_are_the_median_and_open_ones_the_most() -> None:
    rounds = [
        round_record(number, database_connections=opened, database_connections_busy=busy)
        for number, (opened, busy) in enumerate(((8, 1), (16, 9), (8, 3)), start=1)
    ]
    costs = table(cell_record(rounds=rounds)).costs
    row = dict(zip(costs.headings, lines(costs)[0], strict=True))
    assert (row["DB conns"], row["at work"]) == ("16", "3")
    costs = table(cell_record()).costs
    assert dict(zip(costs.headings, lines(costs)[0], strict=True))["at work"] == "–"


@pytest.mark.parametrize(
    ("contender", "cell", "said"),
    [
        (ASYNC, {"hops": 3, "cannot": ["fly"]}, "; hops to a thread 18 ×, 3 of them in its view; cannot: fly"),
        (ASYNC, {}, "; hops to a thread 15 ×, none of them in its view"),
        (ASYNC, {"middleware": "none", "hops": 1}, "; hops to a thread 3 ×, 1 of them in its view"),
        (f"{ASYNC}-fastlane", {}, "; hops to no thread"),
        (f"{ASYNC}-fastlane", {"hops": 3}, "; hops to a thread 3 ×, all of them in its view"),
        ("sync@uvicorn", {}, "; hops to a thread 16 ×, none of them in its view"),
        ("sync@uvicorn-fastlane", {}, "; hops to a thread 1 ×, none of them in its view"),
        (
            ASYNC,
            {"hops": 3, "sweep_axis": "wait", "sweep_value": 5.0},
            "; hops to a thread 18 ×, 3 of them in its view",
        ),
        (ASYNC, {"hops": 3, "sweep_axis": "hops", "sweep_value": 5.0}, "; hops to a thread 15 × around its view"),
        (BASELINE, {}, ""),
        ("aiohttp@aiohttp", {}, ""),
        ("async@gone-since", {"hops": 3}, ""),
    ],
)
def test_a_footnote_says_how_often_a_request_goes_to_a_thread(contender: str, cell: dict[str, Any], said: str) -> None:
    notes = table(cell_record(BASELINE), cell_record(contender, **{"middleware": "default", **cell})).footnotes
    assert f"{contender}: 1 worker{said}" in notes


def over_two_axes() -> list[CellRecord]:
    """Ahead from 20 ms of wait on, and up to 16 threads."""
    points = [("wait", 1.0, 500), ("wait", 20.0, 1000), ("wait", 100.0, 3000)]
    points += [("threads", 4.0, 4000), ("threads", 16.0, 1000), ("threads", 64.0, 500)]
    return [
        cell_record(name, rates=(own,) * 5, sweep_axis=axis, sweep_value=value, wait_ms=50.0)
        for axis, value, rate in points
        for name, own in ((BASELINE, 1000), (ASYNC, rate))
    ]


def test_a_scenario_swept_over_two_axes_has_a_matrix_for_each() -> None:
    (_, threads), (_, waits) = table(*over_two_axes()).matrices
    assert threads.headings == ("load", "4 threads", "16 threads", "64 threads")
    assert waits.headings == ("load", "wait 1 ms", "wait 20 ms", "wait 100 ms")
    assert lines(threads) == [("32 connections", "4.00 ×", "(1.00 ×)", "0.50 ×")]
    assert lines(waits) == [("32 connections", "0.50 ×", "(1.00 ×)", "3.00 ×")]


def test_crossings_are_found_axis_by_axis() -> None:
    found = {one.axis: one for one in crossings(run_record(*over_two_axes()), "plaintext")}
    assert list(found) == ["wait", "threads"]
    sentences = [text for text in table(*over_two_axes()).sentences if text.startswith("Crossover")]
    assert ["ms of wait on" in text for text in sentences] == [True, False]
    assert "ahead up to 16 threads" in sentences[1]


def test_a_setting_that_changes_the_work_has_no_crossing() -> None:
    cells = [
        cell_record(name, rates=(rate,) * 5, sweep_axis="hops", sweep_value=value)
        for value, rates in ((1.0, (1000, 500)), (10.0, (100, 500)))
        for name, rate in zip((BASELINE, ASYNC), rates, strict=True)
    ]
    assert crossings(run_record(*cells), "plaintext") == []
    assert [grid.headings for _, grid in table(*cells).matrices] == [("load", "hops 1", "hops 10")]


def test_a_contender_with_other_threads_elsewhere_in_the_table_says_with_how_many() -> None:
    cells = [
        cell_record(BASELINE, threads=32),
        cell_record(BASELINE, threads=16, sweep_axis="wait", sweep_value=5.0),
        cell_record(BASELINE, threads=64, sweep_axis="threads", sweep_value=64.0),
    ]
    names = [row.texts[0] for row in table(*cells).figures.rows]
    assert sorted(names) == [BASELINE, f"{BASELINE}, 16 threads", f"{BASELINE}, 32 threads"]


def test_ceilings_that_differ_are_told_each_with_its_level() -> None:
    waits = [
        cell_record(BASELINE, sweep_axis="wait", sweep_value=value, wait_ms=value, slots=16) for value in (10.0, 100.0)
    ]
    (note,) = [line for line in table(*waits).footnotes if line.startswith(BASELINE)]
    assert "as it waits: 1,600 (32 connections, wait 10 ms); 160 (32 connections, wait 100 ms)" in note
