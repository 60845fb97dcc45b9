"""One scenario of a run as a table of texts: what the terminal and the pages both show."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.record import CellRecord, RunRecord, ScenarioRecord, State
from benchmarks.reports import figures
from benchmarks.reports.sentences import sentence
from benchmarks.stats.summary import CellSummary, summarise

SPEEDS = ("requests/s", "p50 ms", "p90 ms", "p99 ms")
COSTS = ("errors", "CPU ms/req", "RSS MB", "threads")
CLOSED_LOOP = "Latency is that of a closed loop: of clients who wait for each answer before they ask again."
UNMEASURED = (State.FAILED, State.VOID, State.ABORTED, State.EXCUSED)


@dataclass(frozen=True)
class Row:
    """A contender's figures, as many as there are headings."""

    texts: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class Note:
    """Why a cell has no figures, or what is to be known of those it has."""

    text: str
    state: State


@dataclass(frozen=True)
class ScenarioTable:
    """Headings and rows of equal length; what the contenders are; notes on single cells; what was seen."""

    card: ScenarioRecord
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...]
    notes: tuple[Note, ...]
    sentence: str


def tables(run: RunRecord) -> list[ScenarioTable]:
    """Every scenario of the run that has cells."""
    present = {cell.scenario for cell in run.cells}
    return [tabulate(run, card) for card in run.scenarios if card.name in present]


def tabulate(run: RunRecord, card: ScenarioRecord) -> ScenarioTable:
    """One scenario; load levels have a column only where there are several."""
    rows = summarise(run, card.name)
    levels = len({row.cell.concurrency for row in rows}) > 1
    return ScenarioTable(
        card=card,
        headings=("contender", *(["connections"] if levels else []), *SPEEDS, *COSTS, f"ratio to {card.baseline}"),
        rows=tuple(
            Row(
                (row.cell.contender, *([str(row.cell.concurrency)] if levels else []), *_figures(row)),
                row.cell.state,
            )
            for row in rows
        ),
        footnotes=(CLOSED_LOOP, *_footnotes([row.cell for row in rows])),
        notes=tuple(_note(row.cell, levels) for row in rows if row.cell.reason),
        sentence=sentence(run, card.name),
    )


def _figures(row: CellSummary) -> list[str]:
    if row.requests_per_s is None:
        return [row.cell.state, *[figures.NONE] * 3, figures.whole(row.errors), *[figures.NONE] * 4]
    return [
        figures.rate(row.requests_per_s),
        *(figures.milliseconds(value) for value in (row.p50_ms, row.p90_ms, row.p99_ms)),
        figures.whole(row.errors),
        figures.milliseconds(row.cpu_ms_per_request),
        figures.megabytes(row.peak_rss_bytes),
        figures.whole(row.peak_threads),
        "baseline" if row.is_baseline else figures.ratio(row.ratio),
    ]


def _note(cell: CellRecord, levels: bool) -> Note:
    level = f" at {cell.concurrency} connections" if levels else ""
    state = f"{cell.state}: " if cell.state in UNMEASURED else ""
    return Note(f"{cell.contender}{level}: {state}{cell.reason}", cell.state)


def _footnotes(cells: list[CellRecord]) -> list[str]:
    """What each contender is, and what it cannot do: beside the figures, not in a manual."""
    notes = []
    for cell in {cell.contender: cell for cell in cells if cell.state is not State.EXCUSED}.values():
        size = f"{cell.workers} worker{'s' * (cell.workers != 1)}"
        size += f" × {cell.threads} threads" if cell.threads > 1 else ""
        cannot = f"; cannot: {', '.join(cell.cannot)}" if cell.cannot else ""
        notes.append(f"{cell.contender}: {size}{_ceiling(cell)}{cannot}")
    return notes


def _ceiling(cell: CellRecord) -> str:
    """What the wait allows at most, in the long run."""
    if not cell.wait_ms:
        return ""
    slots = min(cell.concurrency, cell.slots or cell.concurrency)
    return f"; waits at least {cell.wait_ms:g} ms, so at most {slots / cell.wait_ms * 1000:,.0f} requests/s"
