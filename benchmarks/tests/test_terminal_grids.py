"""Wide tables on narrow terminals; what sweeps, open loops, overloads and comparisons show."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from benchmarks.load.specs import Model
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, OverloadRecord, OverloadStep, RunRecord, State
from benchmarks.reports.tables import Grid, Row, tables
from benchmarks.reports.terminal import WIDEST, GridView, print_comparison, print_run
from benchmarks.stats.comparison import compare
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

ASYNC = "async@uvicorn"
WORDS = ("red", "orange", "yellow", "green", "turquoise", "blue", "violet")


def console(width: int) -> Console:
    return Console(width=width, record=True, file=io.StringIO())


def viewed(grid: Grid, width: int) -> list[str]:
    """The lines of a grid, runs of blanks made single."""
    made = console(width)
    made.print(GridView(grid))
    text = made.export_text()
    assert max(map(len, text.splitlines())) <= width
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and "─" not in line]


def grid(keys: int = 2, columns: int = 20) -> Grid:
    """Key columns k…, and columns c… whose texts are numbered."""
    names = [f"k{place}" for place in range(keys)] + [f"column-{place}" for place in range(columns)]
    rows = [Row(tuple(f"{word}-{place}" for place in range(len(names))), State.OK) for word in WORDS]
    return Grid(tuple(names), tuple(rows), keys)


def headings(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines if line.startswith("k0 ") or line == "k0"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("keys", [1, 2, 3])
def test_a_grid_too_wide_is_several_each_with_the_columns_that_say_who(width: int, keys: int) -> None:
    lines = viewed(grid(keys), width)
    parts = headings(lines)
    assert len(parts) > 1
    assert all(part[:keys] == [f"k{place}" for place in range(keys)] for part in parts)
    assert [name for part in parts for name in part[keys:]] == [f"column-{place}" for place in range(20)]
    for word in WORDS:
        own = [line.split() for line in lines if line.startswith(f"{word}-0 ")]
        assert len(own) == len(parts)
        assert [text for line in own for text in line[keys:]] == [f"{word}-{place}" for place in range(keys, 20 + keys)]


def test_a_grid_that_fits_is_one() -> None:
    assert len(headings(viewed(grid(), 400))) == 1
    assert len(headings(viewed(grid(columns=3), 80))) == 1


def test_as_few_parts_as_fit_are_made() -> None:
    """No part has room for the first column of the next."""
    columns = [len(part) - 2 for part in headings(viewed(grid(), 80))]
    assert columns[:-1] == [max(columns)] * (len(columns) - 1)
    assert len(headings(viewed(grid(columns=columns[0]), 80))) == 1
    assert len(headings(viewed(grid(columns=columns[0] + 1), 80))) == 2


def measured(contender: str, rate: int = 1234, **changes: Any) -> CellRecord:
    watched = usage(0.5, rss_bytes=1_234_600_000, threads=512, open_files=1234, voluntary_switches=99_999)
    load = load_result(rate, latency_s=1.2345, answered_in_all=100, errors={"reset": 1234})
    rounds = [
        round_record(number, load, usage={"server": watched, "postgres": watched}, tasks_started=12345)
        for number in range(1, 6)
    ]
    return cell_record(contender, rounds=rounds, **changes)


def printed(run: RunRecord, width: int) -> str:
    made = console(width)
    print_run(made, run)
    text = made.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    return text


def rows(text: str, start: str) -> list[str]:
    """Lines that start so, runs of blanks made single."""
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line.startswith(start)]


@pytest.mark.parametrize("width", [80, WIDEST])
def test_a_sweep_has_a_row_for_every_point_with_the_ratio_there(width: int) -> None:
    cells = [
        measured(name, 10 * rate, sweep_axis="wait", sweep_value=value, wait_ms=value)
        for value, rates in ((1.0, (20, 10)), (100.0, (10, 30)))
        for name, rate in zip((BASELINE, ASYNC), rates, strict=True)
    ]
    text = printed(run_record(*cells), width)
    for value, rate, ratio in (("1", "100", "0.50 × (0.50–0.50)"), ("100", "300", "3.00 × (3.00–3.00)")):
        own = rows(text, f"{ASYNC} 32 connections, wait {value} ms ")
        assert own[0].startswith(f"{ASYNC} 32 connections, wait {value} ms {rate} 1,23")
        assert any(line.endswith(ratio) for line in own)
    assert "workers and threads as the load column says" not in text
    flat = " ".join(text.split())
    assert "Crossover, async@uvicorn against sync@gunicorn-threads at 32 connections: ahead from" in flat
    assert "Verdict" not in text


def test_a_sweep_over_threads_says_where_its_sizes_are() -> None:
    cells = [
        cell_record(BASELINE, rates=(9,) * 5, sweep_axis="threads", sweep_value=float(count), threads=count)
        for count in (4, 64)
    ]
    text = printed(run_record(*cells), WIDEST)
    assert rows(text, f"{BASELINE}:") == [f"{BASELINE}: workers and threads as the load column says"]
    assert rows(text, BASELINE)[0].startswith(f"{BASELINE} 32 connections, 4 threads 9.0")


@pytest.mark.parametrize("width", [80, WIDEST])
def test_an_open_loop_says_from_when_it_counts_and_compares_median_latencies(width: int) -> None:
    def at(contender: str, latency_s: float) -> CellRecord:
        rounds = [round_record(number, load_result(100, latency_s=latency_s)) for number in range(1, 6)]
        return cell_record(contender, rounds=rounds, rate_per_s=100.0)

    text = printed(run_record(at(BASELINE, 0.030), at(ASYNC, 0.010), load=str(Model.OPEN)), width)
    flat = " ".join(text.split())
    assert f"median latency, times better than {BASELINE}" in flat
    assert "Latency is that of an open loop: from the moment a request should have been sent" in flat
    assert "At 100 requests/s the lowest median latency is that of async@uvicorn, 10.0 ms" in flat
    assert any(line.endswith("3.00 × (3.00–3.00)") for line in rows(text, ASYNC))


def test_a_closed_loop_says_that_it_is_one() -> None:
    assert "Latency is that of a closed loop: of clients who wait" in printed(run_record(cell_record()), WIDEST)


@pytest.mark.parametrize(
    ("recovery_s", "said"),
    [(1.25, "p99 back 1.2 s after the load dropped"), (None, "p99 not known to be back within 5 s")],
)
def test_an_overload_has_a_table_and_a_sentence(recovery_s: float | None, said: str) -> None:
    steps = [OverloadStep(0.5, 500.0, 499.0, 12.0, 0, 0), OverloadStep(2.0, 2000.0, 900.0, None, 12, 1234)]
    overload = OverloadRecord(1000.0, steps, recovery_s, watched_s=5.0, timeout_s=1.5)
    text = printed(run_record(cell_record(), cell_record(ASYNC, overload=overload)), 80)
    assert "async@uvicorn at multiples of its capacity" in text
    assert "goodput/s (in 1.5 s)" in " ".join(text.split())
    assert rows(text, "0.5 ×") == ["0.5 × 500 499 12.0 0 0"]
    assert rows(text, "2 ×") == ["2 × 2,000 900 – 12 1,234"]
    flat = " ".join(text.split())
    assert (
        f"Overload, async@uvicorn: at 2 × the 1,000 requests/s of its rounds it answers 90% of them "
        f"within 1.5 s (1,234 were not sent, since --in-flight were under way); {said}." in flat
    )


def test_an_overload_that_passed_the_capacity_says_so_and_when_it_recovered() -> None:
    steps = [OverloadStep(0.5, 50.0, 50.0, 12.0, 0, 0), OverloadStep(2.0, 200.0, 150.0, 90.0, 0, 0)]
    overload = OverloadRecord(100.0, steps, 0.5, watched_s=5.0, timeout_s=2.0)
    flat = " ".join(printed(run_record(cell_record(), cell_record(ASYNC, overload=overload)), 80).split())
    assert "it answers 150% of them within 2 s; p99 back 0.5 s after the load dropped." in flat
    assert "Its capacity is higher, it answered up to 150" in flat


def test_a_runs_notes_come_first() -> None:
    run = run_record(cell_record())
    run.notes = ["other load: the CPUs were 50% busy before the run began"]
    assert printed(run, 80).startswith(run.notes[0])


def test_figures_and_costs_of_several_levels_fit_80_columns() -> None:
    text = printed(run_record(*(measured(name, concurrency=n) for n in (8, 64) for name in (BASELINE, ASYNC))), 80)
    (card,) = tables(run_record(measured(BASELINE)))
    words = " ".join(text.split())
    for heading in (*card.figures.headings[:-1], *card.costs.headings):
        assert heading in words
    assert all(line.startswith(f"{ASYNC} 64 connections") for line in rows(text, f"{ASYNC} ") if "64" in line)


@pytest.mark.parametrize("width", [80, WIDEST])
def test_a_comparison_fits_its_terminal(width: int) -> None:
    earlier, later = (run_record(cell_record(rates=(rate,) * 5)) for rate in (12_345, 34_567))
    earlier.environment, later.environment = {"packages": {"django": "5.0"}}, {"packages": {"django": "5.1"}}
    made = console(width)
    print_comparison(made, compare(earlier, later), "run 1", "this run")
    text = made.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for word in ("12,345", "34,567", "2.80 × (2.80–2.80)", "better", "10.0 → 10.0", "django", "5.0", "5.1"):
        assert word in text
    assert (len(rows(text, "scenario ")) == 1) == (width == WIDEST)
    assert all(line.startswith(f"plaintext {BASELINE} 32 connections") for line in rows(text, "plaintext"))


def test_nothing_in_common_is_said_without_a_table() -> None:
    made = console(80)
    print_comparison(made, compare(run_record(cell_record()), run_record(cell_record(ASYNC))), "run 1", "run 2")
    text = made.export_text()
    assert "Cells in both runs: 0; changed: 0" in text
    assert "scenario" not in text
