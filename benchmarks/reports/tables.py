"""One scenario of a run as tables of texts: what the terminal and the pages both show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.load.specs import Model
from benchmarks.record import CellRecord, Flag, RunRecord, ScenarioRecord, State
from benchmarks.reports import figures
from benchmarks.reports.sentences import crossing_sentences, overload_sentences, sentence, verdict_sentence
from benchmarks.stats.ceiling import sustained_per_s
from benchmarks.stats.summary import CellSummary, summarise

SPEEDS = ("requests/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "errors")
COSTS = (
    *("CPU ms/req", "DB CPU ms/req", "RSS MB", "peak MB", "threads", "started/req"),
    *("vol./req", "invol./req", "files", "DB conns", "idle MB", "idle CPU ms/s"),
)
OVERLOAD = ("load", "offered/s", "goodput/s", "p99 ms", "failed", "unsent")
CLOSED_LOOP = "Latency is that of a closed loop: of clients who wait for each answer before they ask again."
OPEN_LOOP = "Latency is that of an open loop: from the moment a request should have been sent, whatever was answered."
COST_NOTES = (
    "CPU: of the server, and of the database apart. RSS: the server's processes added up, so memory they share counts "
    "in each. threads: the most at once; started/req: that began. vol., invol.: context switches of the server's "
    "threads. idle: with all connections open and nothing asked."
)
UNMEASURED = (State.FAILED, State.VOID, State.ABORTED, State.EXCUSED)


@dataclass(frozen=True)
class Row:
    """A contender's figures, as many as there are headings."""

    texts: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class Grid:
    """Headings, and rows of the same length; the first ``keys`` columns say what a row is about."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    keys: int = 1


@dataclass(frozen=True)
class Note:
    """Why a cell has no figures, or what is to be known of those it has."""

    text: str
    state: State


@dataclass(frozen=True)
class ScenarioTable:
    """What was measured, what it took, and what it says; all as text."""

    card: ScenarioRecord
    figures: Grid
    costs: Grid
    overloads: tuple[tuple[str, Grid], ...]  # contender, its steps
    footnotes: tuple[str, ...]
    cost_notes: str
    notes: tuple[Note, ...]
    sentences: tuple[str, ...]
    verdict: str


def tables(run: RunRecord) -> list[ScenarioTable]:
    """Every scenario of the run that has cells."""
    present = {cell.scenario for cell in run.cells}
    return [tabulate(run, card) for card in run.scenarios if card.name in present]


def tabulate(run: RunRecord, card: ScenarioRecord) -> ScenarioTable:
    """One scenario; load levels have a column only where there are several."""
    rows = summarise(run, card.name)
    levels = len({row.cell.level for row in rows}) > 1
    open_loop = run.options.get("load") == Model.OPEN
    subject = "median latency, times better than" if open_loop else "ratio to"
    measured = [row for row in rows if row.requests_per_s is not None]
    overloaded = [(row.cell.contender, row.cell.overload) for row in measured if row.cell.overload]
    return ScenarioTable(
        card=card,
        figures=_grid(rows, (*SPEEDS, f"{subject} {card.baseline}"), levels, _speeds),
        costs=_grid(measured, COSTS, levels, _costs),
        overloads=tuple(
            (
                contender,
                Grid(
                    OVERLOAD,
                    tuple(
                        Row(
                            (
                                f"{step.factor:g} ×",
                                *(figures.rate(value) for value in (step.offered_per_s, step.goodput_per_s)),
                                figures.milliseconds(step.p99_ms),
                                *(figures.whole(value) for value in (step.failed, step.unsent)),
                            ),
                            State.OK,
                        )
                        for step in overload.steps
                    ),
                ),
            )
            for contender, overload in overloaded
        ),
        footnotes=(OPEN_LOOP if open_loop else CLOSED_LOOP, *_footnotes([row.cell for row in rows])),
        cost_notes=COST_NOTES,
        notes=_notes([row.cell for row in rows], levels),
        sentences=(sentence(run, card.name), *crossing_sentences(run, card.name), *overload_sentences(overloaded)),
        verdict=verdict_sentence(run, card.name),
    )


def _grid(rows: Sequence[CellSummary], headings: tuple[str, ...], levels: bool, texts: object) -> Grid:
    assert callable(texts)
    return Grid(
        headings=("contender", *(["load"] if levels else []), *headings),
        rows=tuple(
            Row((row.cell.contender, *([row.cell.level] if levels else []), *texts(row)), row.cell.state)
            for row in rows
        ),
        keys=2 if levels else 1,
    )


def _speeds(row: CellSummary) -> list[str]:
    if row.requests_per_s is None:
        return [row.cell.state, *[figures.NONE] * 4, figures.whole(row.errors), figures.NONE]
    return [
        figures.rate(row.requests_per_s),
        *(figures.milliseconds(value) for value in (row.p50_ms, row.p90_ms, row.p99_ms, row.p999_ms)),
        figures.whole(row.errors),
        _ratio(row),
    ]


def _ratio(row: CellSummary) -> str:
    if row.is_baseline:
        return "baseline"
    return f"cannot rank: {Flag.CEILING}" if row.at_same_ceiling else figures.ratio(row.ratio)


def _costs(row: CellSummary) -> list[str]:
    costs, idle = row.costs, row.cell.idle
    return [
        *(figures.number(value) for value in (costs.cpu_ms_per_request, costs.database_cpu_ms_per_request)),
        *(figures.megabytes(value) for value in (costs.steady_rss_bytes, costs.peak_rss_bytes)),
        figures.whole(costs.peak_threads),
        figures.number(costs.threads_started_per_request),
        figures.number(costs.voluntary_switches_per_request),
        figures.number(costs.involuntary_switches_per_request),
        figures.whole(costs.open_files),
        figures.whole(costs.database_connections),
        figures.megabytes(idle.rss_bytes if idle else None),
        figures.number(idle.cpu_ms_per_s if idle else None),
    ]


def _notes(cells: Sequence[CellRecord], levels: bool) -> tuple[Note, ...]:
    """A line for each cell that has something to be said of it; what holds for most cells is said once."""
    names = [f"{cell.contender} at {cell.level}" if levels else cell.contender for cell in cells]
    common = [flag for flag in Flag if 2 * sum(flag in cell.flags for cell in cells) > max(2, len(cells))]
    notes = [
        Note(f"{name}: {f'{cell.state}: ' if cell.state in UNMEASURED else ''}{cell.reason}", cell.state)
        for name, cell in zip(names, cells, strict=True)
        if cell.reason
    ]
    for flag in common:
        told = [(name, cell.flags[flag]) for name, cell in zip(names, cells, strict=True) if flag in cell.flags]
        notes.append(
            Note(f"{flag}, {len(told)} of {len(cells)} cells; {told[-1][0]}, for example: {told[-1][1]}", State.OK)
        )
    for name, cell in zip(names, cells, strict=True):
        own = [sentence for flag, sentence in cell.flags.items() if flag not in common]
        if own:
            notes.append(Note(f"{name}: {'; '.join(own)}", cell.state))
    return tuple(notes)


def _footnotes(cells: list[CellRecord]) -> list[str]:
    """What each contender is, and what it cannot do: beside the figures, not in a manual."""
    notes = []
    told: dict[str, list[CellRecord]] = {}
    for cell in cells:
        if cell.state is not State.EXCUSED:
            told.setdefault(cell.contender, []).append(cell)
    for contender, own in told.items():
        cell = own[0]
        sizes = {(one.workers, one.threads) for one in own}
        cannot = f"; cannot: {', '.join(cell.cannot)}" if cell.cannot else ""
        size = _size(cell) if len(sizes) == 1 else "workers and threads as the load column says"
        ceiling = _ceiling(cell) if len({(one.wait_ms, one.served_at_once) for one in own}) == 1 else ""
        notes.append(f"{contender}: {size}{ceiling}{cannot}")
    return notes


def _size(cell: CellRecord) -> str:
    size = f"{cell.workers} worker{'s' * (cell.workers != 1)}"
    return size + (f" × {cell.threads} threads" if cell.threads > 1 else "")


def _ceiling(cell: CellRecord) -> str:
    """What the wait allows at most, in the long run."""
    sustained = sustained_per_s(cell.served_at_once, cell.wait_ms / 1000)
    return f"; waits at least {cell.wait_ms:g} ms, so at most {sustained:,.0f} requests/s" if sustained else ""
