"""A run as pages show it: computed once when the run ends, since intervals take their time, and stored as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import log
from pathlib import Path
from typing import Any

from apps.reporting.chart import Chart
from apps.reporting.charts import charts
from apps.scenarios.claims import CLAIMS, findings
from apps.scenarios.evidence import Finding
from apps.scenarios.evidence import State as ClaimState
from benchmarks.axes import Axis
from benchmarks.json_codec import json_codec
from benchmarks.record import CellRecord, Flag, RunRecord, ScenarioRecord, State
from benchmarks.reports import figures
from benchmarks.reports.sentences import crossing_sentence, verdict_number
from benchmarks.reports.tables import ScenarioTable, tabulate
from benchmarks.stats.standings import advice, crossings
from benchmarks.stats.summary import CellSummary, summarise

ROOT = Path(__file__).resolve().parents[2]
CLAIMS_KEY = ""  # of the claims' report, where others have a scenario's name
SOURCES = (
    *("benchmarks/stats", "benchmarks/reports", "benchmarks/record.py", "benchmarks/servers"),
    *("apps/reporting", "apps/scenarios"),
)


class Says(StrEnum):
    """What a cell of the overview's matrix is allowed to say."""

    BETTER = "better"
    WORSE = "worse"
    EVEN = "even"  # no difference seen
    MIXED = "mixed"  # over a sweep, here better and there worse
    CEILING = "ceiling"
    BASELINE = "baseline"
    UNRANKED = "unranked"  # a figure, and no interval or nothing to compare it with
    NOTHING = "nothing"  # void, failed, excused


@dataclass(frozen=True)
class Mark:
    """One contender in one scenario, in few characters, with what it rests on; ``value`` is the ratio, unrounded."""

    contender: str
    says: Says
    text: str
    told: str
    value: float | None = None


@dataclass(frozen=True)
class Headline:
    """What the overview shows of a scenario."""

    scenario: str
    title: str
    question: str
    baseline: str
    level: str
    marks: tuple[Mark, ...]
    advice: str  # stay sync, go async, …; of a sweep whether lines cross; empty where there is neither
    number: str  # the ratio, or the crossover, that it rests on, as a sentence
    rule: str  # by which the advice is given; empty for a crossover


@dataclass(frozen=True)
class Gate:
    """Why something was not believed, or is to be read with care."""

    contender: str
    level: str
    what: str
    why: str
    rounds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Served:
    """How a contender was served: the very command."""

    contender: str
    level: str
    command: str
    workers: int
    threads: int
    verified: tuple[str, ...]


@dataclass(frozen=True)
class ScenarioReport:
    """One scenario of one run, all of it."""

    headline: Headline
    table: ScenarioTable
    charts: tuple[Chart, ...]
    gates: tuple[Gate, ...]
    served: tuple[Served, ...]


@dataclass(frozen=True)
class ClaimReport:
    """What a run says of one claim."""

    id: str
    text: str
    state: ClaimState
    numbers: str
    details: tuple[str, ...]
    scenarios: tuple[str, ...]


@cache
def version() -> str:
    """Changes with the code that computes reports, so that stored ones are known to be stale."""
    digest = hashlib.sha256()
    for path in sorted(path for source in SOURCES for path in _modules(ROOT / source)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _modules(place: Path) -> Iterator[Path]:
    yield from [place] if place.suffix else (path for path in place.rglob("*.py") if "tests" not in path.parts)


def scenario_report(run: RunRecord, card: ScenarioRecord) -> ScenarioReport:
    cells = [cell for cell in run.cells if cell.scenario == card.name]
    return ScenarioReport(
        headline=headline(run, card),
        table=tabulate(run, card),
        charts=charts(run, card.name),
        gates=tuple(_gates(cells)),
        served=tuple(_served(cells)),
    )


def reports(run: RunRecord) -> dict[str, Any]:
    """All reports of a run as JSON: by scenario in the run's order, those that were measured; last the claims'."""
    measured = {cell.scenario for cell in run.cells}
    found: dict[str, Any] = {card.name: scenario_report(run, card) for card in run.scenarios if card.name in measured}
    found[CLAIMS_KEY] = {"claims": claim_reports(run)}
    return {name: json_codec.unstructure(report) for name, report in found.items()}


def claim_reports(run: RunRecord) -> tuple[ClaimReport, ...]:
    return tuple(claim_report(name, found) for name, found in findings(run).items())


def claim_report(name: str, found: Finding) -> ClaimReport:
    claim = CLAIMS[name]
    return ClaimReport(name, claim.text, found.state, found.numbers, found.details, claim.judged_from)


def headline(run: RunRecord, card: ScenarioRecord) -> Headline:
    rows = summarise(run, card.name)
    still = [row for row in rows if not row.cell.sweep_axis]
    chosen = _at_highest(still) if still else rows
    by_contender: dict[str, list[CellSummary]] = {}
    for row in chosen:
        by_contender.setdefault(row.cell.contender, []).append(row)
    said, number, rule = _answer(run, card.name, swept=not still)
    return Headline(
        scenario=card.name,
        title=card.title,
        question=card.question,
        baseline=card.baseline,
        level=chosen[0].cell.level if still else "over a sweep",
        marks=tuple(_mark(name, own) for name, own in by_contender.items()),
        advice=said,
        number=number,
        rule=rule,
    )


def _answer(run: RunRecord, scenario: str, *, swept: bool) -> tuple[str, str, str]:
    """Advice, its number, its rule; of a sweep a crossover: over waits, which a team knows, and at the highest load."""
    found = advice(run, scenario)
    if found:
        return str(found.advice), verdict_number(run, found), found.rule
    found_crossings = crossings(run, scenario) if swept else []
    crossing = min(found_crossings, key=lambda one: (one.axis != Axis.WAIT, -one.concurrency), default=None)
    return (str(crossing.measured.state), crossing_sentence(crossing), "") if crossing else ("", "", "")


def _at_highest(rows: Sequence[CellSummary]) -> list[CellSummary]:
    highest = max(row.cell.rate_per_s or row.cell.concurrency for row in rows)
    return [row for row in rows if (row.cell.rate_per_s or row.cell.concurrency) == highest]


def _mark(contender: str, rows: Sequence[CellSummary]) -> Mark:
    if len(rows) > 1:
        return _sweep_mark(contender, rows)
    row = rows[0]
    answered = f"{figures.exactly(row.requests_per_s)} requests/s at {row.cell.level}"
    if row.requests_per_s is None:
        return Mark(contender, Says.NOTHING, str(row.cell.state), row.cell.reason or str(row.cell.state))
    if row.is_baseline:
        return Mark(contender, Says.BASELINE, f"{figures.rate(row.requests_per_s)}/s", answered, 1.0)
    if row.ratio is None:
        return Mark(contender, Says.UNRANKED, figures.NONE, f"{answered}; the baseline has no valid figure")
    told = f"{figures.exactly(row.ratio)} of the baseline; {answered}"
    if row.at_same_ceiling:
        return Mark(contender, Says.CEILING, "ceiling", f"at the baseline's ceiling, so not ranked; {answered}")
    says = _says(row)
    doubt = "? " if says is Says.UNRANKED else ""  # as in the tables
    return Mark(contender, says, f"{doubt}{figures.times(row.ratio.value)} ×", told, row.ratio.value)


def _says(row: CellSummary) -> Says:
    if row.ratio is None or not row.ratio.trusted:
        return Says.UNRANKED
    return Says.BETTER if row.ratio.above else Says.WORSE if row.ratio.below else Says.EVEN


def _sweep_mark(contender: str, rows: Sequence[CellSummary]) -> Mark:
    known = [row for row in rows if row.ratio and not row.at_same_ceiling]
    if any(row.is_baseline for row in rows):
        return Mark(contender, Says.BASELINE, "baseline", f"the baseline, at {len(rows)} points", 1.0)
    if not known:
        reason = next((row.cell.reason for row in rows if row.cell.reason), "no point has a ratio to the baseline")
        return Mark(
            contender, Says.NOTHING if not any(row.requests_per_s for row in rows) else Says.UNRANKED, "–", reason
        )
    values = [row.ratio.value for row in known if row.ratio]
    text = f"{figures.times(min(values))}–{figures.times(max(values))} ×"
    said = {_says(row) for row in known}
    says = said.pop() if len(said) == 1 else Says.MIXED if said & {Says.BETTER, Says.WORSE} else Says.EVEN
    points = "; ".join(f"{figures.exactly(row.ratio)} at {row.cell.level}" for row in known)
    nearest = min(values, key=lambda value: abs(log(value))) if says in (Says.BETTER, Says.WORSE) else None
    return Mark(contender, says, text, points, nearest)


def _gates(cells: Sequence[CellRecord]) -> Iterator[Gate]:
    """Cells, flags and rounds that did not pass, in the run's order; equal reasons of a cell's rounds together."""
    for cell in cells:
        if cell.state is not State.OK and cell.reason:
            yield Gate(cell.contender, cell.level, str(cell.state), cell.reason)
        for flag, why in cell.flags.items():
            if flag == Flag.VOID_ROUNDS and any(entry.state is not State.OK for entry in cell.rounds):
                continue  # its rounds follow
            yield Gate(cell.contender, cell.level, str(flag), why)
        reasons: dict[tuple[State, str], list[int]] = {}
        for entry in cell.rounds:
            if entry.state is not State.OK:
                reasons.setdefault((entry.state, entry.reason), []).append(entry.number)
        for (state, reason), numbers in reasons.items():
            yield Gate(cell.contender, cell.level, f"round {state}", reason, tuple(numbers))


def _served(cells: Sequence[CellRecord]) -> Iterator[Served]:
    """Each contender's command; again where it is another at another point."""
    told: set[tuple[str, str]] = set()
    for cell in cells:
        command = " ".join(cell.command)
        if command and (cell.contender, command) not in told:
            told.add((cell.contender, command))
            yield Served(cell.contender, cell.level, command, cell.workers, cell.threads, tuple(cell.verified))
