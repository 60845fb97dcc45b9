"""What is drawn of a scenario: raw numbers with their units, and every chart's table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.reporting.chart import Chart, Kind, Scale
from apps.reporting.charts import TOLD_PERCENTS, charts
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, State
from benchmarks.resources import Usage
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

RATES = (1000, 1020, 980, 1010, 990)
ASYNC = "async@uvicorn"


def drawn(*cells: CellRecord) -> dict[str, Chart]:
    found = charts(run_record(*cells), "plaintext")
    assert len({chart.id for chart in found}) == len(found)
    for chart in found:
        assert chart.table.rows, chart.id
        assert all(len(row.texts) == len(chart.table.headings) for row in chart.table.rows), chart.id
    return {chart.id: chart for chart in found}


def faster(factor: float) -> tuple[int, ...]:
    return tuple(int(rate * factor) for rate in RATES)


def at_wait(contender: str, wait: float, factor: float, concurrency: int = 32) -> CellRecord:
    return cell_record(contender, faster(factor), sweep_axis="wait", sweep_value=wait, concurrency=concurrency)


def test_one_level_is_bars_with_every_round():
    chart = drawn(cell_record(rates=RATES), cell_record(ASYNC, faster(2)))["throughput"]
    assert (chart.kind, chart.x.names, chart.y.unit) == (Kind.BARS, (BASELINE, ASYNC), "requests/s")
    first, second = chart.series
    assert first.rounds == tuple(map(float, RATES))
    assert (first.spots[0].x, first.spots[0].y, first.spots[0].low, first.spots[0].high) == (0, 1000, 980, 1020)
    assert (second.contender, second.spots[0].x, second.spots[0].y) == (ASYNC, 1, 2000)
    assert chart.table.rows[1].texts == (ASYNC, "2,000", "1,960", "2,040")


def test_several_levels_are_lines_from_few_connections_to_many():
    cells = [cell_record(rates=faster(level / 8), concurrency=level) for level in (64, 8)]
    chart = drawn(*cells)["throughput"]
    assert (chart.kind, chart.x.scale) == (Kind.LINES, Scale.LOG)
    assert [(spot.x, spot.y) for spot in chart.series[0].spots] == [(8, 1000), (64, 8000)]
    assert [row.texts[:2] for row in chart.table.rows] == [(BASELINE, "8 connections"), (BASELINE, "64 connections")]


def test_an_open_loop_shows_its_tail_over_the_rate():
    cells = [cell_record(rates=(1000,), rate_per_s=rate) for rate in (100.0, 200.0)]
    found = drawn(*cells)
    assert "throughput" not in found
    assert [spot.x for spot in found["tail"].series[0].spots] == [100, 200]
    assert found["tail"].series[0].spots[0].y == pytest.approx(10, rel=0.01)


def test_a_percentile_needs_answers_enough():
    chart = drawn(cell_record(rates=(40, 30)))["latency"]
    assert chart.x.scale == Scale.PERCENTILE
    assert max(spot.x for spot in chart.series[0].spots) == 97.5
    told = dict(zip(TOLD_PERCENTS, chart.table.rows[0].texts[1:], strict=True))
    assert told[90] == "10.0"
    assert told[99] == "–"


def test_what_may_not_be_shown_is_not_drawn():
    void = replace(cell_record(ASYNC, faster(2)), state=State.VOID, reason="the generator was busy")
    found = drawn(cell_record(rates=RATES), void)
    assert all(series.contender == BASELINE for chart in found.values() for series in chart.series)
    assert charts(run_record(void), "plaintext") == ()


def test_a_sweep_over_waits_is_lines_and_a_map():
    cells = [at_wait(name, wait, factor) for name, factor in ((BASELINE, 1), (ASYNC, 2)) for wait in (5.0, 100.0)]
    found = drawn(*cells)
    lines = found["sweep-wait"]
    assert (lines.x.scale, lines.x.unit, lines.x.names) == (Scale.LOG, "ms", ())
    assert [spot.x for spot in lines.series[0].spots] == [5, 100]
    heat = found[f"heat-{ASYNC}"]
    assert (heat.x.names, heat.x.unit, heat.y.names) == (("5", "100"), "ms", ("32 connections",))
    (spot, _) = heat.series[0].spots
    assert (spot.x, spot.y, spot.value, spot.text) == (0, 0, 2, "2.00 ×")
    assert f"heat-{BASELINE}" not in found


def test_a_map_says_what_it_may():
    even = at_wait(ASYNC, 5.0, 1)
    cells = [at_wait(BASELINE, 5.0, 1), at_wait(BASELINE, 100.0, 1), even, at_wait(ASYNC, 100.0, 2, concurrency=64)]
    heat = drawn(*cells)[f"heat-{ASYNC}"]
    assert [spot.text for spot in heat.series[0].spots] == ["(1.00 ×)"]  # the other has no baseline at 64
    assert [row.texts for row in heat.table.rows] == [
        ("64 connections", "–", "–"),
        ("32 connections", "(1.00 ×)", "–"),
    ]


def test_a_sweep_that_cannot_be_logarithmic_stands_by_name():
    by_threads = [cell_record(rates=RATES, sweep_axis="threads", sweep_value=value) for value in (64.0, 4.0)]
    assert drawn(*by_threads)["sweep-threads"].x.names == ("4", "64")
    from_zero = [cell_record(rates=RATES, sweep_axis="poison_ms", sweep_value=value) for value in (0.0, 50.0)]
    chart = drawn(*from_zero)["sweep-poison-ms"]
    assert (chart.x.title, chart.x.unit, chart.x.names) == ("poison", "ms", ("0", "50"))
    assert [spot.x for spot in chart.series[0].spots] == [0, 1]
    assert chart.table.headings == ("contender", "poison 0 ms", "poison 50 ms")


def test_one_point_is_no_sweep():
    assert "sweep-wait" not in drawn(at_wait(BASELINE, 5.0, 1), cell_record(rates=RATES))


def test_costs_are_those_of_the_highest_load():
    def costing(contender: str, concurrency: int, rss_mb: int) -> CellRecord:
        used: Usage = usage(cpu_s=0.05, rss_bytes=rss_mb * 1_000_000, threads=7)
        rounds = [round_record(number, load_result(1000), usage={"server": used}) for number in (1, 2)]
        return replace(cell_record(contender, concurrency=concurrency), rounds=rounds)

    found = drawn(costing(BASELINE, 8, 10), costing(BASELINE, 32, 50), costing(ASYNC, 32, 90))
    memory = found["cost-memory"]
    assert memory.small
    assert (memory.x.names, memory.y.unit) == ((BASELINE, ASYNC), "MB")
    assert [series.spots[0].y for series in memory.series] == [50, 90]
    cpu = found["cost-cpu"]
    assert cpu.series[0].spots[0].y == pytest.approx(0.05)
    assert cpu.table.rows[0].texts == (BASELINE, "0.05")
    assert "cost-switches" not in found  # nobody told them
