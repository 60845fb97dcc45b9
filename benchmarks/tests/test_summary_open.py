"""What open loops, sweeps, costs and ceilings add to a cell's figures."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.load.results import LoadResult, Slice
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, Flag, RoundRecord, State
from benchmarks.stats.gates import flag_cell
from benchmarks.stats.summary import CellSummary, speeds, summarise, windows
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

OTHER = "async@uvicorn"


def summary(cell: CellRecord, *others: CellRecord) -> CellSummary:
    return summarise(run_record(cell, *others), "plaintext")[0]


def one_round(load: LoadResult | None = None, **changes: Any) -> CellRecord:
    return cell_record(rounds=[round_record(1, load, **changes)])


def waiting(contender: str, rate: int, **changes: Any) -> CellRecord:
    """16 connections of 200 ms: 80 requests/s in the long run."""
    cell = cell_record(contender, rates=(rate,) * 5, **{"wait_ms": 200.0, "concurrency": 16, **changes})
    cell.flags = flag_cell(cell)
    return cell


def test_both_at_one_ceiling_are_not_to_be_ranked() -> None:
    assert summary(waiting(OTHER, 80), waiting(BASELINE, 79)).at_same_ceiling


@pytest.mark.parametrize(
    ("cell", "baseline"),
    [
        (waiting(OTHER, 70), waiting(BASELINE, 80)),
        (waiting(OTHER, 80), waiting(BASELINE, 70)),
        (waiting(OTHER, 80), waiting(BASELINE, 10, slots=2)),
        (waiting(OTHER, 80), waiting(BASELINE, 80, state=State.VOID)),
    ],
    ids=["only the baseline", "only the contender", "at another ceiling", "a void baseline"],
)
def test_all_others_may_be_ranked(cell: CellRecord, baseline: CellRecord) -> None:
    assert not summary(cell, baseline).at_same_ceiling


def test_a_baseline_is_not_at_the_same_ceiling_as_itself() -> None:
    assert not summary(waiting(BASELINE, 80)).at_same_ceiling


def test_ceilings_are_the_same_whatever_makes_them() -> None:
    """Sixteen slots that wait 200 ms, and 4 that wait 50."""
    quick = waiting(OTHER, 80, wait_ms=50.0, slots=4)
    assert Flag.CEILING in quick.flags
    assert summary(quick, waiting(BASELINE, 80)).at_same_ceiling


@pytest.mark.parametrize(
    "changes",
    [{"rate_per_s": 100.0}, {"concurrency": 8}, {"sweep_axis": "wait", "sweep_value": 5.0}],
    ids=["another rate", "other connections", "another point"],
)
def test_a_ratio_is_to_the_baseline_of_the_same_setting(changes: dict[str, Any]) -> None:
    assert summary(cell_record(OTHER, **changes), cell_record()).ratio is None
    assert summary(cell_record(OTHER, **changes), cell_record(**changes)).ratio is not None


def test_points_of_a_sweep_have_baselines_of_their_own() -> None:
    cells = [
        cell_record(contender, rates=(rate,) * 5, sweep_axis="wait", sweep_value=value)
        for contender, value, rate in ((OTHER, 1.0, 100), (OTHER, 9.0, 100), (BASELINE, 1.0, 50), (BASELINE, 9.0, 25))
    ]
    assert [row.ratio and row.ratio.value for row in summarise(run_record(*cells), "plaintext")] == [2, 4, None, None]


def test_in_an_open_loop_the_ratio_is_that_of_median_latencies_above_1_is_quicker() -> None:
    """Its throughput is what was asked for."""

    def at(contender: str, latency_s: float) -> CellRecord:
        rounds = [round_record(number, load_result(100, latency_s=latency_s)) for number in range(1, 6)]
        return cell_record(contender, rounds=rounds, rate_per_s=100.0)

    ratio = summary(at(OTHER, 0.010), at(BASELINE, 0.030)).ratio
    assert ratio is not None
    assert ratio.value == pytest.approx(3.0, rel=0.001)


def test_a_round_whose_median_is_unknown_has_no_speed() -> None:
    cell = cell_record(rounds=[round_record(1, load_result(10)), round_record(2, load_result(0))])
    assert speeds(cell).keys() == {1}


@pytest.mark.parametrize(
    ("answers", "rates"),
    [
        (20, [200.0] * 10),  # 10 slices of 20
        (19, [190.0] * 5),  # too few for ten
        (4, [40.0] * 2),
        (3, [30.0]),
        (0, [0.0]),
    ],
)
def test_windows_are_slices_or_fewer_and_longer_ones_where_answers_are_few(answers: int, rates: list[float]) -> None:
    load = load_result(10 * answers, slices=[Slice(answers, 0)] * 10)
    assert windows(one_round(load)) == {1: [pytest.approx(rate) for rate in rates]}


def test_windows_are_rates_per_second_in_the_order_of_the_slices() -> None:
    slices = [Slice(100, 0)] * 5 + [Slice(300, 0)] * 5
    load = load_result(2000, window_s=0.5, slices=slices)
    assert windows(one_round(load)) == {1: [2000.0] * 5 + [6000.0] * 5}


def test_windows_of_a_round_without_slices_are_the_round() -> None:
    assert windows(one_round(load_result(1000, window_s=0.5))) == {1: [2000.0]}


def test_void_rounds_have_no_windows() -> None:
    assert windows(one_round(state=State.VOID)) == {}


@pytest.mark.parametrize(
    ("answers", "known"), [(1000, (True, True)), (999, (True, False)), (100, (True, False)), (99, (False, False))]
)
def test_a_percentile_needs_answers_enough_to_be_more_than_the_slowest(answers: int, known: tuple[bool, bool]) -> None:
    row = summary(one_round(load_result(answers)))
    assert (row.p99_ms is not None, row.p999_ms is not None) == known


def test_what_the_database_and_the_threads_cost_is_per_answer_of_the_window() -> None:
    used = {"server": usage(0.5), "postgres": usage(0.2)}
    costs = summary(one_round(load_result(100), usage=used, tasks_started=50)).costs
    assert costs.cpu_ms_per_request == pytest.approx(5.0)
    assert costs.database_cpu_ms_per_request == pytest.approx(2.0)
    assert costs.threads_started_per_request == pytest.approx(0.5)


def test_switches_are_per_answer_of_the_whole_round() -> None:
    """They were counted over warm-up and drain, too."""
    used = {"server": usage(voluntary_switches=3000, involuntary_switches=500)}
    costs = summary(one_round(load_result(700, answered_in_all=1000), usage=used)).costs
    assert costs.voluntary_switches_per_request == pytest.approx(3.0)
    assert costs.involuntary_switches_per_request == pytest.approx(0.5)


def test_switches_that_not_all_workers_told_are_unknown() -> None:
    costs = summary(one_round(load_result(answered_in_all=1000))).costs
    assert costs.voluntary_switches_per_request is costs.involuntary_switches_per_request is None


def test_files_and_database_connections_are_the_most_of_all_rounds() -> None:
    def entry(number: int, files: int | None, connections: int | None) -> RoundRecord:
        used = {"server": usage(open_files=files)}
        return round_record(number, usage=used, database_connections=connections)

    costs = summary(cell_record(rounds=[entry(1, 9, 4), entry(2, 12, None), entry(3, None, 3)])).costs
    assert (costs.open_files, costs.database_connections) == (12, 4)
