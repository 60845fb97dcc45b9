"""A run on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from benchmarks.record import RunRecord, State
from benchmarks.reports.tables import COSTS, ScenarioTable, tables

STYLES = {State.FAILED: "red", State.VOID: "yellow", State.ABORTED: "yellow", State.EXCUSED: "dim"}
WIDEST = 170  # where there is no terminal: every column fits


class Output(Console):
    """A console whose reader may go away (``| head``): the run goes on, and is stored."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def print_run(console: Console, run: RunRecord) -> None:
    """Every scenario's table, what its contenders cannot do, and the sentence."""
    for table in tables(run):
        console.print(render(table))


def render(scenario: ScenarioTable) -> RenderableType:
    """One scenario."""
    card = scenario.card
    return Group(
        Text.assemble((f"\n{card.name}", "bold"), f"  {card.title}. ", (card.question, "italic")),
        _Figures(scenario),
        *(Text(line, style="dim") for line in scenario.footnotes),
        *(Text(note.text, STYLES.get(note.state, "yellow")) for note in scenario.notes),
        Text(scenario.sentence),
    )


class _Figures:
    """The table; on a terminal too narrow for it two, one below the other: speed, then cost."""

    def __init__(self, scenario: ScenarioTable) -> None:
        self.scenario = scenario

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headings = self.scenario.headings
        whole = _table(self.scenario, range(len(headings)))
        if Measurement.get(console, options.update(max_width=1000), whole).maximum <= options.max_width:
            yield whole
            return
        costs = [place for place, heading in enumerate(headings) if heading in COSTS]
        keys = [place for place, heading in enumerate(headings) if heading in ("contender", "connections")]
        yield _table(self.scenario, [place for place in range(len(headings)) if place not in costs], narrow=True)
        yield _table(self.scenario, [*keys, *costs], narrow=True)


def _table(scenario: ScenarioTable, places: Sequence[int], *, narrow: bool = False) -> Table:
    """The columns at these places."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0 if narrow else 1))
    for place in places:
        heading, last = scenario.headings[place], place == len(scenario.headings) - 1
        table.add_column(heading, justify="right" if place else "left", no_wrap=not last)
    for row in scenario.rows:
        table.add_row(*(row.texts[place] for place in places), style=STYLES.get(row.state, ""))
    return table
