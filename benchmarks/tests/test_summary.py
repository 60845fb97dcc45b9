"""A cell's rounds as figures."""

from __future__ import annotations

import pytest

from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, State
from benchmarks.stats.intervals import Ratio
from benchmarks.stats.summary import CellSummary, Costs, summarise, usable
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

OTHER = "async@uvicorn"


def summaries(*cells: CellRecord) -> dict[tuple[str, int], CellSummary]:
    """By contender and load level."""
    return {(row.cell.contender, row.cell.concurrency): row for row in summarise(run_record(*cells), cells[0].scenario)}


def summary(cell: CellRecord, *others: CellRecord) -> CellSummary:
    return summaries(cell, *others)[cell.contender, cell.concurrency]


def ratio(value: float, low: float, high: float, rounds: int) -> Ratio:
    """As near as logarithms and back allow."""
    return Ratio(*map(pytest.approx, (value, low, high)), rounds=rounds)  # type: ignore[arg-type]


def test_the_rate_is_the_median_of_the_valid_rounds() -> None:
    void = round_record(4, load_result(9000), state=State.VOID)
    cell = cell_record(rates=(100, 300, 200))
    cell.rounds.append(void)
    assert summary(cell).requests_per_s == 200


def test_rates_are_per_second_of_the_window() -> None:
    cell = cell_record(rounds=[round_record(1, load_result(300, window_s=0.5))])
    assert summary(cell).requests_per_s == 600


def test_percentiles_come_from_the_merged_histogram() -> None:
    """98 answers in 1 ms and 2 in 1 s: the mean of the rounds' 99th percentiles would be half a second."""
    cell = cell_record(rounds=[round_record(1, load_result(98, latency_s=0.001)), round_record(2, load_result(2))])
    cell.rounds[1].load = load_result(2, latency_s=1.0)
    row = summary(cell)
    assert row.p50_ms == row.p90_ms == pytest.approx(1.0, rel=0.001)
    assert row.p99_ms == pytest.approx(1000.0, rel=0.001)


def test_void_rounds_are_not_in_the_percentiles() -> None:
    void = round_record(2, load_result(1000, latency_s=5.0), state=State.VOID)
    assert summary(cell_record(rounds=[round_record(1), void])).p99_ms == pytest.approx(10.0, rel=0.001)


def test_cost_is_the_median_cpu_time_of_the_server_per_answer() -> None:
    cell = cell_record(
        rounds=[
            round_record(number, load_result(1000), usage={"server": usage(cpu_s), "upstream": usage(99.0)})
            for number, cpu_s in enumerate((0.2, 0.4, 0.9), start=1)
        ]
    )
    assert summary(cell).costs.cpu_ms_per_request == pytest.approx(0.4)


def test_peaks_are_the_highest_of_all_valid_rounds() -> None:
    peaks = [(70, 9), (90, 5), (80, 7)]
    cell = cell_record(
        rounds=[
            round_record(number, usage={"server": usage(rss_bytes=rss_bytes, threads=threads)})
            for number, (rss_bytes, threads) in enumerate(peaks, start=1)
        ]
    )
    costs = summary(cell).costs
    assert (costs.peak_rss_bytes, costs.peak_threads) == (90, 9)
    assert costs.steady_rss_bytes == 80, "the median of the rounds' medians"


def test_a_cell_whose_server_was_not_watched_has_a_rate_all_the_same() -> None:
    row = summary(cell_record(rounds=[round_record(usage={})]))
    assert row.requests_per_s == 1000
    assert row.costs == Costs()


def test_errors_of_all_rounds_are_counted_void_ones_too() -> None:
    cell = cell_record(
        rounds=[
            round_record(1, load_result(errors={"reset": 1})),
            round_record(2, load_result(errors={"body": 2, "status": 3}), state=State.VOID),
        ]
    )
    assert summary(cell).errors == 6


@pytest.mark.parametrize("state", [State.VOID, State.FAILED, State.EXCUSED])
def test_a_cell_that_must_not_be_believed_has_no_figures_and_no_ratio(state: State) -> None:
    cell = cell_record(OTHER, state=state)
    assert summary(cell, cell_record()) == CellSummary(
        cell=cell,
        errors=0,
        is_baseline=False,
        requests_per_s=None,
        p50_ms=None,
        p90_ms=None,
        p99_ms=None,
        p999_ms=None,
        costs=Costs(),
        ratio=None,
        at_same_ceiling=False,
    )


def test_a_failed_cell_still_tells_its_errors() -> None:
    failed = round_record(1, load_result(errors={"status": 7}), state=State.FAILED)
    assert summary(cell_record(state=State.FAILED, rounds=[failed])).errors == 7


@pytest.mark.parametrize("state", [State.VOID, State.FAILED, State.EXCUSED])
def test_without_a_baseline_to_be_believed_there_are_no_ratios(state: State) -> None:
    row = summary(cell_record(OTHER), cell_record(state=state))
    assert row.requests_per_s == 1000
    assert row.ratio is None


def test_a_ratio_is_paired_with_the_baseline_round_by_round() -> None:
    """Unpaired it would be 200 ÷ 100. Of three rounds the interval is their range."""
    row = summary(cell_record(OTHER, rates=(200, 900, 200)), cell_record(rates=(100, 300, 50)))
    assert row.ratio == ratio(3.0, 2.0, 4.0, rounds=3)


def test_a_void_round_of_either_side_enters_no_ratio() -> None:
    cell, baseline = cell_record(OTHER, rates=(200, 900, 400)), cell_record(rates=(100, 100, 100))
    cell.rounds[1].state = baseline.rounds[2].state = State.VOID
    row = summary(cell, baseline)
    assert row.ratio == ratio(2.0, 2.0, 2.0, rounds=1)


def test_the_baseline_has_no_ratio_to_itself() -> None:
    rows = summaries(cell_record(), cell_record(OTHER))
    assert rows[BASELINE, 32].is_baseline
    assert rows[BASELINE, 32].ratio is None
    assert not rows[OTHER, 32].is_baseline


def test_each_load_level_has_its_own_baseline() -> None:
    rows = summaries(
        *(cell_record(rates=(100,), concurrency=8), cell_record(rates=(50,), concurrency=64)),
        *(cell_record(OTHER, rates=(200,), concurrency=8), cell_record(OTHER, rates=(200,), concurrency=64)),
    )
    assert [row.ratio and row.ratio.value for row in rows.values()] == [None, None, 2.0, 4.0]


def test_cells_of_other_scenarios_are_left_out_and_the_order_is_the_runs() -> None:
    cells = [cell_record(OTHER), cell_record("sync@uvicorn", scenario="orm_read"), cell_record()]
    rows = summarise(run_record(*cells), "plaintext")
    assert [row.cell.contender for row in rows] == [OTHER, BASELINE]


@pytest.mark.parametrize("state", [State.OK, State.ABORTED, State.RUNNING])
def test_what_was_measured_until_a_run_ended_is_shown(state: State) -> None:
    assert usable(cell_record(state=state))


def test_a_cell_without_a_valid_round_is_not_shown() -> None:
    assert not usable(cell_record(state=State.ABORTED, rounds=[]))
    assert not usable(cell_record(rounds=[round_record(state=State.VOID)]))
