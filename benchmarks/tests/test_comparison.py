"""Two runs beside each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import record
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, Flag, RunRecord, State
from benchmarks.reports.comparison import tabulate_comparison
from benchmarks.stats.comparison import Change, Difference, compare, differences
from benchmarks.tests.records import cell_record, load_result, round_record, run_record
from benchmarks.tests.schema_1 import run_1

ASYNC = "async@uvicorn"


def cell(contender: str, rate: int, rounds: int = 5, **changes: Any) -> CellRecord:
    return cell_record(contender, rates=(rate,) * rounds, **changes)


def run(*cells: CellRecord, environment: dict[str, Any] | None = None, **options: Any) -> RunRecord:
    made = run_record(*cells, **options)
    made.environment = environment or {}
    return made


def changes(earlier: RunRecord, later: RunRecord) -> list[tuple[str, float | None]]:
    return [(one.contender, one.ratio and round(one.ratio.value, 3)) for one in compare(earlier, later).changes]


def test_only_cells_that_both_have_are_compared() -> None:
    earlier = run(cell(BASELINE, 100), cell(ASYNC, 100), cell("gone@uvicorn", 5))
    later = run(cell(ASYNC, 200), cell(BASELINE, 100), cell("new@uvicorn", 5), cell("newer@uvicorn", 5))
    found = compare(earlier, later)
    assert {one.contender for one in found.changes} == {BASELINE, ASYNC}
    assert (found.only_earlier, found.only_later) == (1, 2)


@pytest.mark.parametrize(
    "other",
    [{"concurrency": 8}, {"rate_per_s": 5.0}, {"sweep_axis": "wait", "sweep_value": 5.0}, {"scenario": "fan_out"}],
)
def test_another_setting_is_another_cell(other: dict[str, Any]) -> None:
    found = compare(run(cell(BASELINE, 100)), run(cell(BASELINE, 100, **other)))
    assert (found.changes, found.only_earlier, found.only_later) == ((), 1, 1)


@pytest.mark.parametrize("state", [State.VOID, State.FAILED, State.EXCUSED])
def test_what_must_not_be_believed_enters_no_comparison(state: State) -> None:
    found = compare(run(cell(BASELINE, 100, state=state)), run(cell(BASELINE, 100)))
    assert (found.changes, found.only_earlier, found.only_later) == ((), 0, 1)


def test_a_ratio_is_the_later_run_by_the_earlier() -> None:
    assert changes(run(cell(BASELINE, 100)), run(cell(BASELINE, 150))) == [(BASELINE, 1.5)]
    assert changes(run(cell(BASELINE, 150)), run(cell(BASELINE, 100))) == [(BASELINE, 0.667)]


def test_in_an_open_loop_it_is_that_of_median_latencies() -> None:
    def at(latency_s: float) -> RunRecord:
        rounds = [round_record(number, load_result(100, latency_s=latency_s)) for number in range(1, 6)]
        return run(cell_record(rounds=rounds, rate_per_s=100.0))

    assert changes(at(0.030), at(0.010)) == [(BASELINE, pytest.approx(3.0, rel=0.01))]


def test_changed_cells_come_first_the_largest_change_at_the_top() -> None:
    """Half as fast is as large a change as twice; one that rests on too few rounds is none."""
    before = {"same@s": 100, "slower@s": 100, "little@s": 100, "faster@s": 100, "few@s": 100}
    after = {"same@s": 100, "slower@s": 40, "little@s": 110, "faster@s": 200, "few@s": 900}
    rounds = {"few@s": 3}
    earlier, later = (
        run(*(cell(name, rate, rounds.get(name, 5)) for name, rate in rates.items())) for rates in (before, after)
    )
    assert [name for name, _ in changes(earlier, later)] == ["slower@s", "faster@s", "little@s", "few@s", "same@s"]


def test_a_contender_that_answers_nothing_any_more_comes_first() -> None:
    earlier = run(cell(BASELINE, 100), cell(ASYNC, 100))
    assert changes(earlier, run(cell(BASELINE, 200), cell(ASYNC, 0)))[0] == (ASYNC, 0.0)


def test_a_cell_that_answered_nothing_before_has_no_ratio_and_comes_last() -> None:
    found = changes(run(cell(ASYNC, 0), cell(BASELINE, 100)), run(cell(ASYNC, 5), cell(BASELINE, 100)))
    assert found == [(BASELINE, 1.0), (ASYNC, None)]


def test_what_was_different_around_the_figures_is_named() -> None:
    earlier = run(
        environment={"cpu": "A", "kernel": "6.1", "packages": {"django": "5.0", "gone": "1"}, "cpu_threads": 1.0},
        duration_s=0.5,
        threads={"plaintext": 16},
    )
    later = run(
        environment={"cpu": "A", "kernel": "6.2", "packages": {"django": "5.1"}, "cpu_threads": 2.0},
        duration_s=2.0,
        threads={"plaintext": 32},
    )
    later.seed = 7
    assert differences(earlier, later) == [
        Difference("cpu_threads", "1", "2"),
        Difference("django", "5.0", "5.1"),
        Difference("duration_s", "0.5", "2"),
        Difference("gone", "1", "–"),
        Difference("kernel", "6.1", "6.2"),
        Difference("seed", "1", "7"),
        Difference("threads.plaintext", "16", "32"),
    ]


def test_what_is_never_equal_or_changes_no_figure_is_not_named() -> None:
    earlier = run(environment={"load_average_before": [0.1], "busy_before": 0.01}, rounds=3)
    later = run(environment={"load_average_before": [0.2], "busy_before": 0.02}, rounds=9)
    assert differences(earlier, later) == []


def test_a_run_of_schema_1_is_compared_with_one_of_today() -> None:
    earlier = record.loads(json.dumps(run_1((100,) * 5)))
    later = run(cell(BASELINE, 150), cell(ASYNC, 200), environment={"cpu": "X", "packages": {"django": "5.2"}})
    found = compare(earlier, later)
    assert changes(earlier, later) == [(BASELINE, 1.5), (ASYNC, 1.0)]
    assert (found.only_earlier, found.only_later) == (0, 0)
    assert Difference("django", "5.0", "5.2") in found.differences


def test_a_run_compared_with_itself_has_not_changed() -> None:
    same = run(cell(BASELINE, 100), cell(ASYNC, 300), environment={"cpu": "A"})
    found = compare(same, same)
    assert found.differences == ()
    assert [one.ratio.different for one in found.changes] == [False, False]


def row(earlier: CellRecord, later: CellRecord) -> tuple[str, ...]:
    (found,) = tabulate_comparison(compare(run(earlier), run(later)), "run 1", "run 2").changes.rows
    return found.texts


def test_a_row_says_who_how_fast_how_late_and_whether_it_changed() -> None:
    assert row(cell(BASELINE, 100), cell(BASELINE, 150)) == (
        *(
            "plaintext",
            BASELINE,
            "32 connections",
            "100",
            "150",
            "10.0 → 10.0",
            "10.0 → 10.0",
            "1.50 × (1.50–1.50)",
            "better",
        ),
    )
    assert row(cell(BASELINE, 150), cell(BASELINE, 100))[-1] == "worse"
    assert row(cell(BASELINE, 100), cell(BASELINE, 100))[-1] == "no difference seen"
    assert row(cell(BASELINE, 100, 4), cell(BASELINE, 900, 4))[-2:] == ("9.00 ×", "too few rounds")
    assert row(cell(BASELINE, 0), cell(BASELINE, 9))[3:] == ("0.0", "9.0", "– → 10.0", "– → –", "–", "too few rounds")


def test_headings_name_the_runs_and_keys_say_what_a_row_is_about() -> None:
    table = tabulate_comparison(compare(run(cell(BASELINE, 1)), run(cell(BASELINE, 1))), "run 1", "a.json")
    assert table.changes.headings[:5] == (
        *("scenario", "contender", "load", "run 1: requests/s", "a.json: requests/s"),
    )
    assert table.changes.keys == 3
    assert table.environment.headings == ("what was different", "run 1", "a.json")


def test_sentences_say_what_was_compared_and_what_was_not() -> None:
    earlier = run(cell(BASELINE, 100), cell(ASYNC, 100), cell("gone@uvicorn", 5))
    later = run(cell(BASELINE, 100), cell(ASYNC, 300))
    assert tabulate_comparison(compare(earlier, later), "run 1", "run 2").sentences == (
        "Cells in both runs: 2; changed: 1. Intervals: 95 %, rounds not paired; above 1 the later run is better.",
        "1 more with a figure only in run 1.",
        "No difference of environment was recorded.",
    )


def test_what_an_open_loops_ratio_is_of_is_said() -> None:
    earlier, later = (run(cell(BASELINE, 100, rate_per_s=100.0)) for _ in range(2))
    assert tabulate_comparison(compare(earlier, later), "run 1", "run 2").sentences[1] == (
        "In an open loop, whose rate is given, the ratio is how many times better the median latency is."
    )


def test_a_change_knows_both_cells() -> None:
    earlier, later = cell(BASELINE, 100), cell(BASELINE, 150)
    (found,) = compare(run(earlier), run(later)).changes
    assert isinstance(found, Change)
    assert (found.earlier.requests_per_s, found.later.requests_per_s, found.level) == (100, 150, "32 connections")


def test_what_has_to_be_known_of_either_side_stands_in_the_row() -> None:
    unstable = {Flag.UNSTABLE: "unstable: rounds spread by 30%"}
    assert row(cell(BASELINE, 100, flags=unstable), cell(BASELINE, 100))[-1] == "no difference seen; unstable"
    ceiling = {"flags": {Flag.CEILING: "at the ceiling"}, "wait_ms": 320.0}
    assert row(cell(BASELINE, 100, **ceiling), cell(BASELINE, 100, **ceiling))[-1] == "cannot rank; at the ceiling"
