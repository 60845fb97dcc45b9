"""Two runs beside each other: changed cells first, with what the interval allows to say."""

from __future__ import annotations

from dataclasses import replace

from apps.reporting.changes import MOST_DRAWN, change_report
from apps.reporting.report import Says
from benchmarks.plan import BASELINE
from benchmarks.stats.comparison import RunGist, gist
from benchmarks.tests.records import cell_record, run_record

STEADY = (1000, 1010, 990, 1005, 995, 1000)


def run(*cells: tuple[str, float], **options: object) -> RunGist:
    return gist(
        run_record(
            *(cell_record(name, tuple(int(rate * factor) for rate in STEADY)) for name, factor in cells), **options
        )
    )


def test_changed_cells_come_apart_from_those_without_a_difference() -> None:
    before = run((BASELINE, 1), ("async@uvicorn", 1), ("aiohttp@aiohttp", 1))
    after = run((BASELINE, 1), ("async@uvicorn", 2), ("aiohttp@aiohttp", 0.2))
    found = change_report(before, after, "run 1", "run 2")
    assert [(row.texts[1], row.says) for row in found.changed] == [
        ("aiohttp@aiohttp", Says.WORSE),
        ("async@uvicorn", Says.BETTER),
    ]
    assert [(row.texts[1], row.says) for row in found.others] == [(BASELINE, Says.EVEN)]
    assert found.changed[1].value == 2
    (chart,) = found.charts
    assert chart.y.names == tuple(f"plaintext {row.texts[1]}" for row in (*found.changed, *found.others))
    spots = {series.contender: series.spots[0] for series in chart.series}
    assert (spots["async@uvicorn"].x, spots["async@uvicorn"].y) == (2, 1)
    low, high = spots["async@uvicorn"].low, spots["async@uvicorn"].high
    assert low is not None
    assert high is not None
    assert 1 < low <= 2 <= high
    assert chart.table.rows[0].texts[1] == "0.20 ×"


def test_few_rounds_have_no_interval() -> None:
    few = gist(run_record(cell_record(BASELINE, (1000, 1001))))
    found = change_report(few, few, "run 1", "run 2")
    assert [row.says for row in found.others] == [Says.UNRANKED]
    assert found.charts[0].series[0].spots[0].low is None


def test_options_and_environment_are_told_apart() -> None:
    before = replace(run((BASELINE, 1), duration_s=0.5, sweeps=[]), environment={"cpu": "A", "packages": {"x": "1"}})
    after = replace(
        run((BASELINE, 1), duration_s=2.0, sweeps=[{"axis": "wait", "values": [1.0, 5.0]}]),
        environment={"cpu": "B", "packages": {"x": "2"}},
        seed=2,
    )
    found = change_report(before, after, "run 1", "run 2")
    assert [row.texts for row in found.environment.rows] == [("cpu", "A", "B"), ("x", "1", "2")]
    assert [row.texts for row in found.options.rows] == [
        ("seed", "1", "2"),
        ("duration_s", "0.5", "2"),
        ("sweeps", "–", "axis wait values 1, 5"),
    ]


def test_options_of_what_only_one_run_has_are_no_difference() -> None:
    before = run((BASELINE, 1), threads={"plaintext": 32, "fan_out": 16}, settings={})
    after = run((BASELINE, 1), threads={"plaintext": 8}, settings={"slow_io": {"wait": 50.0}})
    found = change_report(before, after, "run 1", "run 2")
    assert [row.texts for row in found.options.rows] == [("threads plaintext", "32", "8")]


def test_nothing_in_common_draws_nothing() -> None:
    found = change_report(run((BASELINE, 1)), run(("async@uvicorn", 1)), "run 1", "run 2")
    assert (found.changed, found.others, found.charts) == ((), (), ())
    assert found.sentences[1:3] == (
        "1 more with a figure only in run 1.",
        "1 more with a figure only in run 2.",
    )


def test_no_more_is_drawn_than_can_be_read() -> None:
    many = gist(run_record(*(cell_record(BASELINE, STEADY, concurrency=level) for level in range(1, MOST_DRAWN + 4))))
    (chart,) = change_report(many, many, "run 1", "run 2").charts
    assert len(chart.y.names) == len(set(chart.y.names)) == MOST_DRAWN
    assert "3 more are in the table only" in chart.note


def test_a_cell_that_no_longer_answers_is_told_without_being_drawn() -> None:
    found = change_report(run((BASELINE, 1)), gist(run_record(cell_record(BASELINE, (0,) * 6))), "run 1", "run 2")
    assert found.charts == ()
    assert [row.says for row in found.changed] == [Says.WORSE]
