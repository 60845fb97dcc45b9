"""One scenario of a run as tables of texts: what the terminal and the pages both show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.axes import Axis, describe_level, describe_point
from benchmarks.load.specs import Model
from benchmarks.record import Flag, RunRecord, ScenarioRecord, State
from benchmarks.reports import figures
from benchmarks.reports.effects import effect_sentences
from benchmarks.reports.footnotes import Note, footnotes, notes
from benchmarks.reports.sentences import crossing_sentences, overload_sentences, sentence, verdict_sentence
from benchmarks.stats.summary import CellSummary, summarise

SPEEDS = ("requests/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "errors")
COSTS = (
    *("CPU ms/req", "DB CPU ms/req", "RSS MB", "peak MB", "threads", "started/req"),
    *("vol./req", "invol./req", "files", "DB conns", "at work", "idle MB", "idle CPU ms/s"),
)
STREAM = ("first chunk p50 ms", "p99 ms", "gap p50 ms", "gap p99 ms")
OVERLOAD = ("load", "offered/s", "goodput/s (in {:g} s)", "p99 ms", "failed", "unsent", "not to be believed")
CLOSED_LOOP = "Latency is that of a closed loop: of clients who wait for each answer before they ask again."
OPEN_LOOP = "Latency is that of an open loop: from the moment a request should have been sent, whatever was answered."
MATRIX_LEGEND = "in brackets: no difference seen; ?: too few rounds to say"
COST_NOTES = (
    "CPU: of the server, and of the database apart. RSS: the server's processes added up, so memory they share counts "
    "in each. threads: the most seen at once; started/req: that began, on the whole machine. vol., invol.: context "
    "switches of the server's threads. at work: of the database connections, at the window's end. idle: with the "
    "load's connections open, if it keeps them, and no request."
)


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
class ScenarioTable:
    """What was measured, what it took, and what it says; all as text."""

    card: ScenarioRecord
    figures: Grid
    costs: Grid
    parts: tuple[tuple[str, Grid], ...]  # what is measured of parts of the answers: groups of requests, chunks
    overloads: tuple[tuple[str, Grid], ...]  # contender, its steps
    matrices: tuple[tuple[str, Grid], ...]  # contender, its ratios over a sweep
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
    rows = sorted(
        summarise(run, card.name),
        key=lambda row: (
            *(row.cell.rate_per_s or 0.0, row.cell.concurrency),
            *(row.cell.sweep_axis, row.cell.sweep_value),
        ),
    )
    levels = len({row.cell.level for row in rows}) > 1
    open_loop = run.options.get("load") == Model.OPEN
    subject = "median latency, times better than" if open_loop else "ratio to"
    measured = [row for row in rows if row.requests_per_s is not None]
    overloaded = [(row.cell.contender, row.cell.overload) for row in measured if row.cell.overload]
    return ScenarioTable(
        card=card,
        figures=_grid(rows, (*SPEEDS, f"{subject} {card.baseline}"), levels, _speeds),
        costs=_grid(measured, COSTS, levels, _costs),
        parts=tuple(_parts(measured, levels)),
        overloads=tuple(
            (
                contender,
                Grid(
                    tuple(heading.format(overload.timeout_s) for heading in OVERLOAD),
                    tuple(
                        Row(
                            (
                                f"{step.factor:g} ×",
                                *(figures.rate(value) for value in (step.offered_per_s, step.goodput_per_s)),
                                figures.milliseconds(step.p99_ms),
                                *(figures.whole(value) for value in (step.failed, step.unsent)),
                                step.void,
                            ),
                            State.VOID if step.void else State.OK,
                        )
                        for step in overload.steps
                    ),
                ),
            )
            for contender, overload in overloaded
        ),
        matrices=tuple(_matrices(rows)),
        footnotes=(OPEN_LOOP if open_loop else CLOSED_LOOP, *footnotes([row.cell for row in rows])),
        cost_notes=COST_NOTES,
        notes=notes([row.cell for row in rows], levels),
        sentences=(
            sentence(run, card.name),
            *crossing_sentences(run, card.name),
            *effect_sentences(run, card.name),
            *overload_sentences(overloaded),
        ),
        verdict=verdict_sentence(run, card.name),
    )


def _parts(rows: Sequence[CellSummary], levels: bool) -> Iterator[tuple[str, Grid]]:
    """What is known of parts of the answers, where there are any."""
    streams = [row for row in rows if row.first_chunk and row.gap]
    if streams:
        yield "When the pieces of a stream arrive", _grid(streams, STREAM, levels, _stream)
    names = sorted({name for row in rows for name in row.groups})
    if names:
        headings = tuple(f"{name} {percentile} ms" for name in names for percentile in ("p50", "p99"))
        yield "Latency by kind of request", _grid(rows, headings, levels, partial(_group_spreads, names))


def _stream(row: CellSummary) -> list[str]:
    assert row.first_chunk and row.gap
    spreads = (row.first_chunk, row.gap)
    return [figures.milliseconds(value) for one in spreads for value in (one.p50_ms, one.p99_ms)]


def _group_spreads(names: Sequence[str], row: CellSummary) -> list[str]:
    found = [row.groups.get(name) for name in names]
    return [
        figures.milliseconds(value) for one in found for value in ((one.p50_ms, one.p99_ms) if one else (None, None))
    ]


def _matrices(rows: Sequence[CellSummary]) -> Iterator[tuple[str, Grid]]:
    """Over each sweep: each contender's ratio to the baseline, load levels down and the axis across."""
    for axis in sorted({row.cell.sweep_axis for row in rows} - {""}):
        yield from _matrices_over(axis, [row for row in rows if row.cell.sweep_axis == axis])


def _matrices_over(axis: str, rows: Sequence[CellSummary]) -> Iterator[tuple[str, Grid]]:
    values = sorted({row.cell.sweep_value for row in rows})
    for contender in dict.fromkeys(row.cell.contender for row in rows if not row.is_baseline):
        lines: dict[str, dict[float, str]] = {}
        for row in (row for row in rows if row.cell.contender == contender):
            level = describe_level(row.cell.concurrency, row.cell.rate_per_s)
            lines.setdefault(level, {})[row.cell.sweep_value] = ratio_mark(row)
        yield (
            contender,
            Grid(
                headings=("load", *(describe_point(axis, value) for value in values)),
                rows=tuple(
                    Row((level, *(found.get(value, figures.NONE) for value in values)), State.OK)
                    for level, found in lines.items()
                ),
            ),
        )


def ratio_mark(row: CellSummary) -> str:
    """A ratio in few characters: in brackets when the interval carries no difference, marked when there is none."""
    if row.requests_per_s is None:
        return str(row.cell.state)
    if row.at_same_ceiling:
        return "ceiling"
    if row.ratio is None:
        return figures.NONE
    text = f"{figures.times(row.ratio.value)} ×"
    if not row.ratio.trusted:
        return f"? {text}"
    return text if row.ratio.different else f"({text})"


def _grid(
    rows: Sequence[CellSummary], headings: tuple[str, ...], levels: bool, texts: Callable[[CellSummary], list[str]]
) -> Grid:
    return Grid(
        headings=("contender", *(["load"] if levels else []), *headings),
        rows=tuple(
            Row((_named(row, rows), *([row.cell.level] if levels else []), *texts(row)), row.cell.state) for row in rows
        ),
        keys=2 if levels else 1,
    )


def _named(row: CellSummary, rows: Sequence[CellSummary]) -> str:
    """A contender, with its threads where it has other ones elsewhere in the table and the load does not say so."""
    cell = row.cell
    threads = {other.cell.threads for other in rows if other.cell.contender == cell.contender}
    if len(threads) == 1 or cell.sweep_axis == Axis.THREADS:
        return cell.contender
    return f"{cell.contender}, {cell.threads} threads"


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
        figures.whole(costs.database_connections_busy),
        figures.megabytes(idle.rss_bytes if idle and idle.connections else None),
        figures.number(idle.cpu_ms_per_s if idle and idle.connections else None),
    ]
