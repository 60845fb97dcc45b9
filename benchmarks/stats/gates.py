"""When a round must not be believed: each gate gives the reason, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.record import CellRecord, RoundRecord, State
from benchmarks.stats.ceiling import ceiling_per_s

BUSY_LIMIT = 0.9
ERROR_LIMIT = 0.001
SINGLE_PROCESSES = ("generator", "upstream")  # each on one event loop, so one CPU is all it can use
CUT_SHORT = "warm-up was cut short: some connections had no answer before the window"


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
    if reason := too_many_errors(load.succeeded, load.errors):
        return State.FAILED, reason
    if not load.succeeded:
        return (
            State.FAILED,
            f"no answer within the window of {load.window_s:.1f} s: hung, or slower than --duration is long",
        )
    services = {  # PostgreSQL has many processes: the load side's CPUs as a whole speak for it
        name: entry.usage[name].cpu_s / load.window_s for name in SINGLE_PROCESSES if name in entry.usage
    }
    slots = min(cell.concurrency, cell.slots or cell.concurrency)
    ceiling = ceiling_per_s(slots, cell.wait_ms / 1000, load.window_s)
    reason = saturated({"the load side": entry.load_side_busy, **services}) or above_ceiling(
        entry.requests_per_s, ceiling
    )
    if reason:
        return State.VOID, reason
    return State.OK, "" if load.warmed_up else CUT_SHORT


def judge_cell(cell: CellRecord) -> tuple[State, str]:
    """A cell none of whose rounds failed: ok when at least one of them is valid."""
    void = [entry.reason for entry in cell.rounds if entry.state is State.VOID]
    if not cell.valid_rounds:
        return State.VOID, void[0] if void else "no rounds"
    noted = [entry.reason for entry in cell.valid_rounds if entry.reason]
    notes = [f"{len(void)} of {len(cell.rounds)} rounds void: {void[0]}"] if void else []
    notes += [f"{len(noted)} of {len(cell.rounds)} rounds: {noted[0]}"] if noted else []
    return State.OK, "; ".join(notes)
