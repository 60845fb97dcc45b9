"""When a figure must not be believed, or only with a word beside it: each gate gives the sentence, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, median, stdev

from benchmarks.load.results import LoadResult
from benchmarks.record import CellRecord, Flag, Flags, RoundRecord, State
from benchmarks.stats.ceiling import ceiling_per_s, sustained_per_s
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.summary import speeds

BUSY_LIMIT = 0.9
ERROR_LIMIT = 0.001
ACHIEVED_LIMIT = 0.98
EDGE_DEVIATIONS = 2.0
CEILING_MARGIN = 0.03
SPREAD_LIMIT = 0.1
STEAL_LIMIT = 0.02
OTHERS_LIMIT = 0.1  # what is counted in ticks is not known better in half a second
BUSY_BEFORE_LIMIT = 0.1
LATE_LIMIT_MS = 5.0
RECONNECT_LIMIT = 0.01
SINGLE_PROCESSES = ("generator", "upstream")  # each on one event loop, so one CPU is all it can use
ANSWERED_WRONG = ("body", "short", "status")  # whatever the load side did, these bytes came from the contender
CUT_SHORT = "warm-up was cut short: some connections had no answer before the window; lower the load or raise --warmup"


def saturated(busy: Mapping[str, float | None]) -> str:
    """The load side, or one of its processes, had no time left: then it is what was measured."""
    for name, share in busy.items():
        if share is not None and share > BUSY_LIMIT:
            return f"{name} was {share:.0%} busy: it would be what was measured"
    return ""


def above_ceiling(requests_per_s: float, ceiling_per_s: float | None) -> str:
    """More than the wait allows: something was not done that should have been."""
    if ceiling_per_s is not None and requests_per_s > ceiling_per_s:
        return f"{requests_per_s:,.0f} requests/s is above the {ceiling_per_s:,.0f} that the wait allows"
    return ""


def fell_behind(load: LoadResult) -> str:
    """An open loop whose arrivals were not answered as they came: its latencies grow with the window's length.

    After wrk2 and k6, which compare what was achieved with what was asked for. How many are under way at either edge
    of the window is chance, and so is their difference, by the square root of their sum: what that explains is no
    falling behind. An arrival that was not sent is never chance.
    """
    if load.offered is None:
        return ""
    if not load.offered:
        return "no arrival fell into the window"
    waiting = load.offered - load.unsent - load.succeeded - load.failed
    chance = EDGE_DEVIATIONS * sqrt(load.in_flight_before + load.in_flight_after)
    if load.unsent + max(0.0, waiting - chance) > (1 - ACHIEVED_LIMIT) * load.offered:
        said = f"only {load.achieved:.1%} of the offered load was answered"
        unsent = f", {load.unsent:,} of {load.offered:,} arrivals were not sent" if load.unsent else ""
        return f"{said}{unsent}: latency depends on how long one waits"
    return ""


def not_all_sent(unsent: int, offered: int) -> str:
    """Arrivals that found too many under way have no latency, and would have had a long one."""
    if unsent:
        return (
            f"{unsent:,} of {offered:,} arrivals were not sent, since --in-flight were under way, and have no latency"
        )
    return ""


def at_ceiling(requests_per_s: float, slots: int, wait_ms: float) -> str:
    """So close to what the wait allows in the long run that the wait is what was measured."""
    sustained = sustained_per_s(slots, wait_ms / 1000)
    if sustained is not None and requests_per_s >= (1 - CEILING_MARGIN) * sustained:
        return f"at the ceiling, cannot rank: the wait allows {sustained:,.0f} requests/s, whatever the software"
    return ""


def unstable(rates: Sequence[float]) -> str:
    """Rounds that differ by more than a tenth (standard deviation ÷ mean, the limit that pyperf warns at)."""
    spread = relative_spread(rates)
    return f"unstable: rounds spread by {spread:.0%}" if spread > SPREAD_LIMIT else ""


def relative_spread(rates: Sequence[float]) -> float:
    """Standard deviation ÷ mean; 0 where there is no telling."""
    return stdev(rates) / mean if len(rates) > 1 and (mean := fmean(rates)) else 0.0


def stolen(steal: float | None) -> str:
    """A hypervisor gave CPU time to somebody else."""
    if steal is not None and steal > STEAL_LIMIT:
        return f"other load: {steal:.0%} of the CPUs' time was taken by the machine's host"
    return ""


def others_at_work(share: float | None) -> str:
    """Somebody who is no part of the run worked on the server's CPUs."""
    if share is not None and share > OTHERS_LIMIT:
        return f"other load: {share:.0%} of the server's CPU time was taken by other processes"
    return ""


def busy_before(share: float | None) -> str:
    """Somebody else was at work before the run began, and may still be."""
    if share is not None and share > BUSY_BEFORE_LIMIT:
        return f"other load: the CPUs were {share:.0%} busy before the run began"
    return ""


def sent_late(lag: Histogram) -> str:
    """An open loop's requests left later than intended; it counts as latency, though the server is not to blame."""
    late_ms = lag.percentile_ms(99)
    if late_ms is not None and late_ms > LATE_LIMIT_MS:
        return f"the generator sent one request in a hundred {late_ms:.0f} ms late or more; latencies contain that"
    return ""


def reconnected(closed: int, answered: int) -> str:
    """A server that keeps connections did not: another one, that does, would be compared with what opening costs."""
    if closed > RECONNECT_LIMIT * answered:
        return f"{closed} of {answered} answers ended their connection: the figures contain what opening them costs"
    return ""


def too_many_errors(succeeded: int, errors: Mapping[str, int]) -> str:
    """More than one answer in a thousand was wrong or missing."""
    failed = sum(errors.values())
    if failed > ERROR_LIMIT * (succeeded + failed):
        classes = ", ".join(f"{count} {name}" for name, count in sorted(errors.items()))
        return f"{failed} of {succeeded + failed} requests failed ({classes})"
    return ""


def judge_round(cell: CellRecord, entry: RoundRecord) -> tuple[State, str]:
    """Failed when answers were wrong, void when the instrument must not be believed, else ok; with the reason."""
    load = entry.load
    assert load is not None
    succeeded, errors = load.outcomes
    if load.surplus:
        return State.FAILED, f"{load.surplus} answers came that nobody had asked for"
    answered_wrong = {name: count for name, count in errors.items() if name in ANSWERED_WRONG}
    if reason := too_many_errors(succeeded, answered_wrong):
        return State.FAILED, reason
    services = {  # PostgreSQL has many processes: the load side's CPUs as a whole speak for it
        name: usage.cpu_s / load.window_s
        for name, usage in entry.usage.items()
        if name.partition(" ")[0] in SINGLE_PROCESSES
    }
    if reason := saturated({"the load side": entry.load_side_busy, **services}):
        return State.VOID, reason
    if reason := too_many_errors(succeeded, errors):
        return State.FAILED, reason
    if not load.succeeded and load.offered != 0:
        return (
            State.FAILED,
            f"no answer within the window of {load.window_s:.1f} s: hung, or slower than --duration is long",
        )
    if not load.warmed_up:
        return State.VOID, CUT_SHORT
    ceiling = ceiling_per_s(cell.served_at_once, cell.wait_ms / 1000, load.window_s)
    reason = above_ceiling(entry.requests_per_s, ceiling) or fell_behind(load)
    return (State.VOID, reason) if reason else (State.OK, "")


def flag_round(entry: RoundRecord) -> Flags:
    """What has to be known of a round that is valid."""
    assert entry.load is not None
    found = {
        Flag.OTHER_LOAD: others_at_work(entry.others_busy) or stolen(entry.steal),
        Flag.LATE: sent_late(Histogram.of_counts(entry.load.send_lag)),
    }
    return {flag: sentence for flag, sentence in found.items() if sentence}


def judge_cell(cell: CellRecord) -> tuple[State, str]:
    """A cell none of whose rounds failed: ok when at least one of them is valid."""
    void = [entry.reason for entry in cell.rounds if entry.state is State.VOID]
    if not cell.valid_rounds:
        return State.VOID, void[0] if void else "no rounds"
    return State.OK, ""


def flag_cell(cell: CellRecord) -> Flags:
    """What has to be known of a cell that is valid: of it as a whole, and of its rounds."""
    rounds, void = cell.valid_rounds, [entry.reason for entry in cell.rounds if entry.state is State.VOID]
    rates = [entry.requests_per_s for entry in rounds]
    compared = rates if cell.rate_per_s is None else [speed for (speed,) in speeds(cell).values()]
    loads = [entry.load for entry in rounds if entry.load]
    closed, answered = sum(load.connections_closed for load in loads), sum(load.succeeded for load in loads)
    found = {
        Flag.VOID_ROUNDS: f"{len(void)} of {len(cell.rounds)} rounds void: {void[0]}" if void else "",
        Flag.CEILING: at_ceiling(median(rates), cell.served_at_once, cell.wait_ms) if rates else "",
        Flag.UNSTABLE: unstable(compared),
        Flag.UNSENT: not_all_sent(sum(load.unsent for load in loads), sum(load.offered or 0 for load in loads)),
        Flag.RECONNECTED: reconnected(closed, answered) if cell.keeps_connections else "",
    }
    for flag in (Flag.OTHER_LOAD, Flag.LATE):
        sentences = [entry.flags[flag] for entry in rounds if flag in entry.flags]
        found[flag] = f"{len(sentences)} of {len(cell.rounds)} rounds: {sentences[0]}" if sentences else ""
    return {flag: sentence for flag, sentence in found.items() if sentence}
