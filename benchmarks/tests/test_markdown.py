"""A run's tables as Markdown."""

from __future__ import annotations

import re

from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, OverloadRecord, OverloadStep, State
from benchmarks.reports.markdown import grid, scenario, table
from benchmarks.reports.sentences import sentence, verdict_sentence
from benchmarks.reports.tables import COST_NOTES, Grid, Row, tables
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import cell_record, load_result, round_record, run_record

ASYNC = "async@uvicorn"


def paragraphs(*cells: CellRecord) -> list[str]:
    (found,) = tables(run_record(*cells))
    return list(scenario(found))


def swept(contender: str, value: float, rate: int) -> CellRecord:
    return cell_record(contender, rates=(rate,) * 5, sweep_axis="wait", sweep_value=value)


def test_words_stand_left_and_figures_right() -> None:
    assert table(("name", "rate"), [("a", "1"), ("b", "20")]) == (
        "| name | rate |\n| --- | ---: |\n| a | 1 |\n| b | 20 |"
    )


def test_as_many_columns_stand_left_as_say_who() -> None:
    assert table(("a", "b", "c"), [], keys=2).splitlines()[1] == "| --- | --- | ---: |"


def test_a_table_without_rows_is_its_headings() -> None:
    assert table(("name", "rate"), []) == "| name | rate |\n| --- | ---: |"


def test_what_would_end_a_cell_or_a_row_does_not() -> None:
    """Nor in a heading."""
    made = table(("a|b", "c"), [("one | two", "three\nfour"), ("||", "")])
    assert made.splitlines() == [r"| a\|b | c |", "| --- | ---: |", r"| one \| two | three four |", r"| \|\| |  |"]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in made.splitlines()} == {3}


def test_a_grid_is_a_table_with_its_own_keys() -> None:
    made = grid(Grid(("contender", "load", "p50 ms"), (Row(("x@y", "8 connections", "1.0"), State.OK),), keys=2))
    assert made == "| contender | load | p50 ms |\n| --- | --- | ---: |\n| x@y | 8 connections | 1.0 |"


def test_a_scenario_is_figures_then_what_they_say_then_costs_then_what_is_to_be_known() -> None:
    cells = (cell_record(BASELINE, rates=(1000,) * 5), cell_record(ASYNC, rates=(2000,) * 5))
    run = run_record(*cells)
    figures, verdict, said, costs, cost_notes, known = paragraphs(*cells)
    assert figures.splitlines()[2].startswith(f"| {BASELINE} | 1,000 | 10.0 |")
    assert figures.splitlines()[3].endswith("| 2.00 × (2.00–2.00) |")
    assert verdict == f"**{verdict_sentence(run, 'plaintext')}**"
    assert said == sentence(run, "plaintext")
    assert costs.startswith("| contender | CPU ms/req |")
    assert cost_notes == COST_NOTES
    assert known.startswith("- Latency is that of a closed loop")
    assert f"- {ASYNC}: 1 worker" in known.splitlines()


def test_a_note_is_one_of_the_things_to_be_known() -> None:
    *_, known = paragraphs(cell_record(), cell_record(ASYNC, state=State.VOID, reason="upstream was 95% busy"))
    assert known.splitlines()[-1] == f"- {ASYNC}: void: upstream was 95% busy"


def test_without_figures_there_are_no_costs() -> None:
    found = paragraphs(cell_record(state=State.FAILED, reason="it broke"))
    assert not any("CPU ms/req" in text or text == COST_NOTES for text in found)
    assert found[0].splitlines()[2] == f"| {BASELINE} | failed | – | – | – | – | 0 | – |"


def test_a_sweep_has_a_matrix_below_its_title_and_no_empty_paragraph() -> None:
    found = paragraphs(*(swept(name, value, 100) for value in (1.0, 20.0) for name in (BASELINE, ASYNC)))
    place = found.index(f"{ASYNC} ÷ {BASELINE}; in brackets: no difference seen; ?: too few rounds to say:")
    assert found[place + 1].splitlines()[0] == "| load | wait 1 ms | wait 20 ms |"
    assert found[place + 1].splitlines()[2] == "| 32 connections | (1.00 ×) | (1.00 ×) |"
    assert all(found), "the sentence and the verdict that a sweep has not are left out"


def test_kinds_of_requests_have_a_table_below_its_title() -> None:
    groups = {"innocent": dict(Histogram.of_seconds([0.01] * 100).counts)}
    found = paragraphs(cell_record(ASYNC, rounds=[round_record(1, load_result(100, groups=groups))]))
    place = found.index("Latency by kind of request:")
    assert found[place + 1].splitlines()[2] == f"| {ASYNC} | 10.0 | 10.0 |"


def test_an_overload_has_a_table_below_a_title_that_says_what_it_is() -> None:
    overload = OverloadRecord(100.0, [OverloadStep(2.0, 200.0, 90.0, 12.0, 0, 0)], 0.5, watched_s=5.0, timeout_s=2.0)
    found = paragraphs(cell_record(ASYNC, overload=overload))
    place = next(number for number, text in enumerate(found) if text.startswith("| load | offered/s |"))
    assert found[place].splitlines()[2] == "| 2 × | 200 | 90.0 | 12.0 | 0 | 0 |  |"
    assert found[place - 1] == f"{ASYNC} at multiples of its capacity:"


def test_a_reason_of_several_lines_stays_in_its_item() -> None:
    """The end of a server's log, say, in which a line may begin with anything."""
    *_, known = paragraphs(cell_record(state=State.FAILED, reason="it died; the log's end:\n# Traceback\n| x"))
    assert all(line.startswith(("- ", "  ")) for line in known.splitlines())
