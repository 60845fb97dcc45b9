"""A run on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from benchmarks.record import RunRecord, State
from benchmarks.reports.comparison import tabulate_comparison
from benchmarks.reports.tables import MATRIX_LEGEND, Grid, ScenarioTable, tables
from benchmarks.stats.comparison import Comparison

STYLES = {State.FAILED: "red", State.VOID: "yellow", State.ABORTED: "yellow", State.EXCUSED: "dim"}
WIDEST = 190  # where there is no terminal: every column fits


class Output(Console):
    """A console whose reader may go away (``| head``): the run goes on, and is stored."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def print_run(console: Console, run: RunRecord) -> None:
    """Every scenario's tables, what its contenders cannot do, and what they say."""
    for note in run.notes:
        console.print(Text(note, "yellow"))
    for table in tables(run):
        console.print(render(table))


def print_comparison(console: Console, found: Comparison, earlier: str, later: str) -> None:
    """What changed, and what was different around it."""
    table = tabulate_comparison(found, earlier, later)
    if table.changes.rows:
        console.print(GridView(table.changes))
    for sentence in table.sentences:
        console.print(Text(sentence))
    if table.environment.rows:
        console.print(GridView(table.environment))


def render(scenario: ScenarioTable) -> RenderableType:
    """One scenario."""
    card = scenario.card
    costs: list[RenderableType] = []
    if scenario.costs.rows:
        costs = [GridView(scenario.costs), Text(scenario.cost_notes, style="dim")]
    more: list[RenderableType] = []
    for title, grid in scenario.parts:
        more += [Text(f"\n{title}"), GridView(grid)]
    for contender, grid in scenario.overloads:
        more += [Text(f"\n{contender} at multiples of its capacity"), GridView(grid)]
    for contender, grid in scenario.matrices:
        legend = f"\n{contender} ÷ {card.baseline}; {MATRIX_LEGEND}"
        more += [Text(legend), GridView(grid)]
    return Group(
        Text.assemble((f"\n{card.name}", "bold"), f"  {card.title}. ", (card.question, "italic")),
        GridView(scenario.figures),
        *(Text(line, style="dim") for line in scenario.footnotes),
        *(Text(note.text, STYLES.get(note.state, "yellow")) for note in scenario.notes),
        *costs,
        *more,
        *(Text(line) for line in scenario.sentences if line),
        *([Text(scenario.verdict, style="bold")] if scenario.verdict else []),
    )


class GridView:
    """A grid; on a terminal too narrow for it several, one below the other, each with the columns that say who."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        def width(places: Sequence[int], narrow: bool) -> int:
            table = _table(self.grid, places, narrow=narrow)
            return Measurement.get(console, options.update(max_width=1000), table).maximum

        places = range(len(self.grid.headings))
        if width(places, narrow=False) <= options.max_width:
            yield _table(self.grid, places)
            return
        for part in self._parts(lambda part: width(part, narrow=True) <= options.max_width):
            yield _table(self.grid, part, narrow=True)

    def _parts(self, fits: Callable[[list[int]], bool]) -> Iterator[list[int]]:
        """The columns in as few parts as fit, in their order, each after the key columns."""
        keys = list(range(self.grid.keys))
        part = list(keys)
        for place in range(self.grid.keys, len(self.grid.headings)):
            if len(part) > len(keys) and not fits([*part, place]):
                yield part
                part = list(keys)
            part.append(place)
        yield part


def _table(grid: Grid, places: Sequence[int], *, narrow: bool = False) -> Table:
    """The columns at these places."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0 if narrow else 1))
    for place in places:
        heading, last = grid.headings[place], place == len(grid.headings) - 1
        table.add_column(heading, justify="left" if place < grid.keys else "right", no_wrap=not last)
    for row in grid.rows:
        table.add_row(*(row.texts[place] for place in places), style=STYLES.get(row.state, ""))
    return table
