"""What was seen, in sentences that say no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

from benchmarks.axes import Axis
from benchmarks.load.specs import Model
from benchmarks.record import OverloadRecord, RunRecord
from benchmarks.reports.figures import milliseconds, rate, ratio, times
from benchmarks.stats.crossover import State as CrossoverState
from benchmarks.stats.intervals import LEAST_ROUNDS
from benchmarks.stats.standings import Crossing, advice, crossings
from benchmarks.stats.summary import CellSummary, summarise
from benchmarks.stats.verdict import Verdict

NO_CAPACITY = 1.1  # times what the rounds reached


def sentence(run: RunRecord, scenario: str) -> str:
    """What was seen at the highest load level; differences the interval does not carry are called none."""
    found = summarise(run, scenario)
    rows = [row for row in found if not row.cell.sweep_axis]
    if not rows and any(row.requests_per_s for row in found):
        return ""  # a sweep is about its curve
    level = max((row.cell.setting[:2] for row in rows if row.requests_per_s), key=_load, default=None)
    if level is None:
        return "No cell has a figure that can be believed, so nothing can be said."
    rows = [row for row in rows if row.cell.setting[:2] == level and row.requests_per_s is not None]
    baseline = next((row for row in rows if row.is_baseline), None)
    known = [row for row in rows if len(row.cell.valid_rounds) >= LEAST_ROUNDS] or rows
    if run.options.get("load") == Model.OPEN:
        best = min(known, key=lambda row: row.p50_ms or float("inf"))
        seen = f"At {best.cell.level} the lowest median latency is that of {best.cell.contender}"
        seen += f", {milliseconds(best.p50_ms)} ms"
    else:
        best = max(known, key=lambda row: row.requests_per_s or 0.0)
        seen = f"At {best.cell.level} the highest median is that of {best.cell.contender}"
        seen += f", {rate(best.requests_per_s)} requests/s"
    if baseline is None:
        return f"{seen}; the baseline has no valid figure, so there is no ratio."
    others = [row for row in rows if not row.is_baseline]
    ranked = [row for row in others if not row.at_same_ceiling]
    parts = [
        _listed("better", [row for row in ranked if row.ratio and row.ratio.above]),
        _listed("worse", [row for row in ranked if row.ratio and row.ratio.below]),
        _named("no difference seen for", [row for row in ranked if _equal(row)]),
        _named("at the same ceiling, so not to be ranked", [row for row in others if row.at_same_ceiling]),
        _named("too few rounds in common to say anything of", [row for row in ranked if not _trusted(row)]),
    ]
    compared = "; ".join(part for part in parts if part)
    if not compared:
        return f"{seen}; no other contender has a valid figure."
    trust = " Intervals: 95 %, paired by round." if any(_trusted(row) for row in ranked) else ""
    by = ", by median latency" if run.options.get("load") == Model.OPEN else ""
    return f"{seen}. Against {baseline.cell.contender}{by}: {compared}.{trust}"


def _load(level: tuple[int, float | None]) -> float:
    concurrency, rate_per_s = level
    return concurrency if rate_per_s is None else rate_per_s


def _trusted(row: CellSummary) -> bool:
    return row.ratio is not None and row.ratio.trusted


def _equal(row: CellSummary) -> bool:
    return row.ratio is not None and row.ratio.trusted and not row.ratio.different


def _named(words: str, rows: list[CellSummary]) -> str:
    return f"{words} {', '.join(row.cell.contender for row in rows)}" if rows else ""


def _listed(words: str, rows: list[CellSummary]) -> str:
    rows = sorted(rows, key=lambda row: row.ratio.value if row.ratio else 0.0, reverse=True)
    named = [f"{row.cell.contender} ({times(row.ratio.value)} ×)" for row in rows if row.ratio]
    return f"{words} {', '.join(named)}" if named else ""


def verdict_sentence(run: RunRecord, scenario: str) -> str:
    """Advice, with the number, the interval, the load level and the rule that was applied; empty for a sweep."""
    found = advice(run, scenario)
    if found is None:
        return ""
    where = f" (from {found.from_level} on)" if found.from_level else ""
    number = verdict_number(run, found)
    return f"Verdict: {found.advice}{where}.{f' {number}' if number else ''} Rule: {found.rule}"


def verdict_number(run: RunRecord, found: Verdict) -> str:
    """The ratio that a verdict rests on, whose it is and at which load; empty where it rests on none."""
    if found.ratio is None:
        return ""
    by = ", by median latency" if run.options.get("load") == Model.OPEN else ""
    return f"{found.contender}: {ratio(found.ratio)} at {found.level}{by}."


UNITS = {Axis.WAIT: " ms of wait", Axis.WORKERS: " workers", Axis.THREADS: " threads"}


def crossing_sentences(run: RunRecord, scenario: str) -> list[str]:
    """From where on each async contender beats the threads, as measured and as predicted."""
    return [crossing_sentence(crossing) for crossing in crossings(run, scenario)]


def crossing_sentence(crossing: Crossing) -> str:
    """One of them."""
    unit = UNITS[Axis(crossing.axis)]
    threads = f" of {crossing.baseline_threads} threads" if crossing.baseline_threads else ""
    found, pair = crossing.measured, f"{crossing.contender} against {crossing.baseline}{threads} at {crossing.level}"
    if found.state is CrossoverState.CROSSES and found.x is not None:
        low = f"{found.low:.3g}" if found.low is not None else "below the sweep"
        high = f"{found.high:.3g}" if found.high is not None else "beyond the sweep"
        wait = f" (wait × concurrency: {found.x * crossing.concurrency:,.0f} ms)" if crossing.axis == Axis.WAIT else ""
        until = "ahead from {} on" if crossing.axis == Axis.WAIT else "ahead up to {}"
        said = f"{until.format(f'{found.x:.3g}{unit}')}, 95 % interval {low} to {high}{wait}"
    else:
        said = str(found.state)
    if not crossing.predictable:
        return f"Crossover, {pair}: {said}."
    return f"Crossover, {pair}: {said}; predicted by the queueing model: {_prediction(crossing.predicted, unit)}."


def _prediction(found: float | None, unit: str) -> str:
    if found is None:
        return "nothing, for want of CPU figures"
    if found and not isinf(found):
        return f"from {found:.3g}{unit} on"
    return "not ahead at any wait" if found else "ahead at every wait"


def overload_sentences(overloaded: Sequence[tuple[str, OverloadRecord]]) -> list[str]:
    """What is left beyond capacity, and how long it takes to be quick again."""
    said = []
    for contender, record in overloaded:
        last = record.steps[-1]
        if record.died:
            said.append(f"Overload, {contender}: a process of the server died or was replaced.")
            continue
        if last.void or record.steps[0].void:
            said.append(f"Overload, {contender}: {last.void or record.steps[0].void}; so nothing can be said.")
            continue
        kept = last.goodput_per_s / record.capacity_per_s
        most = max(step.goodput_per_s for step in record.steps)
        more = (
            f" Its capacity is higher, it answered up to {rate(most)}: its rounds had too few connections, or a slower "
            "machine."
            if most > NO_CAPACITY * record.capacity_per_s
            else ""
        )
        unsent = f" ({last.unsent:,} were not sent, since --in-flight were under way)" if last.unsent else ""
        back = (
            f"p99 back {record.recovery_s:.1f} s after the load dropped"
            if record.recovery_s is not None
            else f"p99 not known to be back within {record.watched_s:.0f} s"
        )
        said.append(
            f"Overload, {contender}: at {last.factor:g} × the {rate(record.capacity_per_s)} requests/s of its rounds "
            f"it answers {kept:.0%} of them within {record.timeout_s:g} s{unsent}; {back}.{more}"
        )
    return said
