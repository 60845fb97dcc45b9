"""Measures the fast lane's targets with the same harness as everything else, and judges what was found."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from statistics import median

from apps.scenarios.fastlane_targets import SETUPS, Figure, Measure, Row, servers
from apps.scenarios.planning import build_plan
from benchmarks import environment
from benchmarks.contest import Contest
from benchmarks.events import Event, Listener, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.plan import Plan
from benchmarks.record import CellRecord, RunRecord, State
from benchmarks.resources import tree_of
from benchmarks.runner import Runner
from benchmarks.servers.process import Process, ask_account
from benchmarks.stage import open_stage
from benchmarks.stats.summary import ratio_between, usable
from benchmarks.wards import Guard

SETTLE_S, LOOK_S = 3.0, 0.1  # for threads that end after an answer; between two looks that have to agree
PATIENCE = 3  # rounds more where some were void or a contender is unstable
ASLEEP_SHARE = 0.8  # of the connections, by Little's law: fewer were not asleep at once


class Outcome(StrEnum):
    """What became of a measure."""

    OK = "ok"
    AIM = "ok, the aim too"
    SHORT = "below the aim"  # which is no failure
    BELOW = "below"
    ABOVE = "above"
    SHOWN = "shown"  # nothing is asked of it
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """One measure of a row, its figure with a 95 % interval where there were rounds enough for one."""

    row: Row
    measure: Measure
    value: float | None = None
    interval: tuple[float, float] | None = None
    rounds: int = 0
    told: str = ""  # both sides' rates; why there is no figure; what has to be known of it

    @property
    def outcome(self) -> Outcome:
        """The median is judged, not the interval: the targets are medians of such runs."""
        measure, value = self.measure, self.value
        if value is None:
            return Outcome.NOT_MEASURED
        if measure.at_least is not None and value < measure.at_least:
            return Outcome.BELOW
        if measure.at_most is not None and value > measure.at_most:
            return Outcome.ABOVE
        if measure.aim is not None and value >= measure.aim:
            return Outcome.AIM
        if measure.is_bound:
            return Outcome.OK
        return Outcome.SHOWN if measure.aim is None else Outcome.SHORT

    @property
    def failed(self) -> bool:
        """Whether something that has to be reached was not, or nobody knows."""
        return self.measure.is_bound and self.outcome in (Outcome.BELOW, Outcome.ABOVE, Outcome.NOT_MEASURED)


def plan_of(row: Row, rounds: int, duration_s: float, seed: int = 1) -> Plan:
    """The row's run; servers with variables of their own stand in for those that the planning knows."""
    known = [replace(one, server=SETUPS[one.server].server) if one.server in SETUPS else one for one in row.contenders]
    plan = build_plan(
        [row.scenario],
        [str(one) for one in known],
        settings=dict(row.settings),
        concurrencies=(row.concurrency,),
        rounds=min(rounds, row.most_rounds or rounds),
        patience=0 if row.most_rounds else min(PATIENCE, rounds),
        duration_s=max(duration_s, row.least_duration_s),
        seed=seed,
    )
    (workload,) = plan.workloads
    baseline = next((measure.theirs for measure in row.measures if measure.theirs), str(row.contenders[0]))
    workload = replace(workload, contenders=row.contenders, baseline=baseline)
    return replace(plan, workloads=(workload,), contenders=row.contenders)


def carry_out(row: Row, plan: Plan, listener: Listener) -> tuple[RunRecord, list[Finding]]:
    """Measure a row and judge it. Raises CrossoverError when the run cannot go on."""
    runner = Runner(plan, listener, servers())
    if row.figure is Figure.THREADS:
        at_rest = count_threads(runner)
        return runner.record, [threads_found(row, one, runner.record, at_rest) for one in row.measures]
    record = runner.run()
    return record, [ratio_found(row, one, record) for one in row.measures]


def ratio_found(row: Row, measure: Measure, run: RunRecord) -> Finding:
    """The median of the rounds' ratios; of void and failed cells none."""
    ours, theirs = (_cell(run, name) for name in (measure.ours, measure.theirs))
    if reason := _why_none(ours) or _why_none(theirs):
        return Finding(row, measure, told=reason)
    ratio = ratio_between(ours, theirs)
    if ratio is None:
        return Finding(row, measure, told="no round in which both were measured")
    interval = (ratio.low, ratio.high) if ratio.trusted else None
    rates = " ÷ ".join(f"{median(entry.requests_per_s for entry in cell.valid_rounds):,.0f}" for cell in (ours, theirs))
    threads = " ÷ ".join(str(_most_threads(cell)) for cell in (ours, theirs))
    told = [f"{rates} requests/s", f"{threads} threads"]
    if ratio.rounds < len(ours.rounds):
        told.append(f"{ratio.rounds} of {len(ours.rounds)} rounds")
    told += sorted({str(flag) for cell in (ours, theirs) for flag in cell.flags})
    return Finding(row, measure, ratio.value, interval, ratio.rounds, "; ".join(told))


def threads_found(row: Row, measure: Measure, run: RunRecord, at_rest: dict[str, list[int]]) -> Finding:
    """The most threads of any round under load, less those that the process had at rest before it.

    A busy load side, for which a round is void, makes no figure of speed and takes no thread away: what has to be known
    is that so many were asleep.
    """
    cell = _cell(run, measure.ours)
    rounds = [entry for entry in cell.rounds if entry.state in (State.OK, State.VOID) and entry.load]
    if cell.state is State.FAILED or not rounds:
        return Finding(row, measure, told=f"{cell.contender} is {cell.state}: {cell.reason}")
    asleep = max(entry.requests_per_s for entry in rounds) * cell.wait_ms / 1000
    if asleep < ASLEEP_SHARE * row.concurrency:
        return Finding(row, measure, told=f"only about {asleep:,.0f} of {row.concurrency:,} were asleep at once")
    resting = at_rest[measure.ours]
    most, rest = max(
        (entry.usage["server"].peak_threads - resting[entry.number - 1], resting[entry.number - 1]) for entry in rounds
    )
    told = f"{rest} at rest, about {asleep:,.0f} asleep at once"
    return Finding(row, measure, float(most), rounds=len(rounds), told=told)


def count_threads(runner: Runner) -> dict[str, list[int]]:
    """Play the runner's one workload and look at each server before each of its rounds: contender → threads."""
    (workload,), record, began_s = runner.plan.workloads, runner.record, time.monotonic()
    at_rest: dict[str, list[int]] = {str(contender): [] for contender in runner.plan.contenders}

    def listen(event: Event) -> None:
        if isinstance(event, RoundStarted):
            at_rest[event.cell.contender].append(threads_at_rest(process_of(contest, event.cell.contender)))
        runner.listener(event)

    record.environment = environment.describe()
    runner.listener(RunStarted(record, len(runner.plan.runnable(workload)) * runner.plan.rounds))
    try:
        with (
            Guard() as guard,
            open_stage(runner.plan, guard, runner.layout, lambda text: runner.listener(Step(text))) as stage,
        ):
            contest = Contest(stage, runner.plan, workload, runner.servers, listen, record.cells.append)
            contest.play()
        record.state = State.FAILED if any(cell.state is State.FAILED for cell in record.cells) else State.OK
    except BaseException as error:
        record.state = State.FAILED if isinstance(error, Exception) else State.ABORTED
        record.reason = str(error) or "interrupted"
        raise
    finally:
        record.finished_at = datetime.now(UTC).isoformat(timespec="seconds")
        record.wall_s = time.monotonic() - began_s
        runner.listener(RunFinished(record))
    return at_rest


def process_of(contest: Contest, contender: str) -> Process:
    return next(process for (known, _), process in contest.processes.items() if str(known) == contender)


def threads_at_rest(process: Process) -> int:
    """Threads of an idle server that has just answered: what serves one request is at rest, and may be kept.

    Who starts a thread for every request is looked at when it has ended.
    """
    ask_account(process, 1)
    deadline_s, before, now = time.monotonic() + SETTLE_S, -1, _threads(process)
    while before != now and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)
        before, now = now, _threads(process)
    return now


def _cell(run: RunRecord, contender: str) -> CellRecord:
    return next(cell for cell in run.cells if cell.contender == contender)


def _why_none(cell: CellRecord) -> str:
    """Why a contender has no figures; nothing where it has."""
    return "" if usable(cell) else f"{cell.contender} is {cell.state}: {cell.reason}"


def _most_threads(cell: CellRecord) -> int:
    return max(entry.usage["server"].peak_threads for entry in cell.valid_rounds)


def _threads(process: Process) -> int:
    return sum(entry.num_threads() for entry in tree_of(process.ward.pid))
