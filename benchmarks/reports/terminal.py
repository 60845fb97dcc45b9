"""A run on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.record import RunRecord, State
from benchmarks.reports.tables import ScenarioTable, tables

STYLES = {State.FAILED: "red", State.VOID: "yellow", State.ABORTED: "yellow", State.EXCUSED: "dim"}
WIDEST = 150


def print_run(console: Console, run: RunRecord) -> None:
    """Every scenario's table, what its contenders cannot do, and the sentence."""
    for table in tables(run):
        console.print(render(table))


def render(scenario: ScenarioTable) -> RenderableType:
    """One scenario."""
    card = scenario.card
    return Group(
        Text.assemble((f"\n{card.name}", "bold"), f"  {card.title}. ", (card.question, "italic")),
        _table(scenario),
        *(Text(line, style="dim") for line in scenario.footnotes),
        *(Text(note.text, STYLES.get(note.state, "yellow")) for note in scenario.notes),
        Text(scenario.sentence),
    )


def _table(scenario: ScenarioTable) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    first, *others, last = scenario.headings
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(last, justify="right")
    for row in scenario.rows:
        table.add_row(*row.texts, style=STYLES.get(row.state, ""))
    return table
