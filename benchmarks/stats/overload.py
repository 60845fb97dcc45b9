"""Beyond capacity: goodput at each multiple of it, and how long it takes until answers are as quick as before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from benchmarks.load.results import LoadResult, Slice, merged_counts
from benchmarks.load.specs import Phase
from benchmarks.record import OverloadRecord, OverloadStep
from benchmarks.stats.histogram import Histogram

FACTORS = (0.5, 0.8, 1.0, 1.2, 2.0)  # of the measured capacity
STEP_S = 1.5
RECOVERY_S = 5.0  # how long the lowest load is watched afterwards
SLICE_S = 0.25
LONGEST_SLICE_S = 1.0
ANSWERS_PER_SLICE = 10  # at the lowest load, where that is possible
SLICES_PER_STEP = 5
KEPT_UP = 0.9  # of what was offered at the lowest load; short stretches hold few answers
BACK_FACTOR = 1.5  # p99 counts as back when it is at most this many times what it was at the lowest load before
SETTLED_SHARE = 0.2  # of a phase: what is left out at its beginning, since it still answers the phase before
LEAST_BACK_MS = 5.0  # above the quiet p99: a few milliseconds are noise, not an overload


@dataclass(frozen=True)
class Profile:
    """What an overload sends: phases, and how finely they are looked at."""

    phases: tuple[Phase, ...]
    slices: int

    @property
    def duration_s(self) -> float:
        return sum(phase.duration_s for phase in self.phases)


def profile(capacity_per_s: float) -> Profile:
    """Every multiple of the capacity in turn, then the lowest again; slow contenders get longer steps."""
    wanted_s = ANSWERS_PER_SLICE / (capacity_per_s * FACTORS[0])
    slice_s = min(max(SLICE_S, wanted_s), LONGEST_SLICE_S)
    # whole slices, so that none lies in two phases
    step_s, after_s = (max(ceil(length_s / slice_s), SLICES_PER_STEP) * slice_s for length_s in (STEP_S, RECOVERY_S))
    steps = tuple(Phase(capacity_per_s * factor, step_s) for factor in FACTORS)
    phases = (*steps, Phase(capacity_per_s * FACTORS[0], after_s))
    return Profile(phases, round(sum(phase.duration_s for phase in phases) / slice_s))


def assess(
    result: LoadResult,
    capacity_per_s: float,
    phases: Sequence[Phase],
    timeout_s: float,
    voids: Sequence[str] = (),
) -> OverloadRecord:
    """An open loop's window, whose last phase repeats the rate of the first, as steps and a recovery time.

    Goodput in the sense of R. Jain: right answers in time. Recovered is who stays recovered: the time runs from the
    end of the highest load to the end of the last slice whose p99 was not back yet. ``voids`` says of each phase why
    it must not be believed, if so. Without a lowest load that was believed and kept up with there is no recovery.
    """
    voids = voids or [""] * len(phases)
    slices, slice_s = result.slices, result.window_s / len(result.slices)
    ends_s = [sum(phase.duration_s for phase in phases[: number + 1]) for number in range(len(phases))]
    parts = [
        [one for place, one in enumerate(slices) if end_s - phase.duration_s <= (place + 0.5) * slice_s < end_s]
        for phase, end_s in zip(phases, ends_s, strict=True)
    ]
    steps = [
        _step(part, phase, capacity_per_s, slice_s, void)
        for part, phase, void in zip(parts[:-1], phases[:-1], voids[:-1], strict=True)
    ]
    quiet = steps[0]
    kept_up = not quiet.void and quiet.goodput_per_s >= KEPT_UP * quiet.offered_per_s
    return OverloadRecord(
        capacity_per_s=capacity_per_s,
        steps=steps,
        recovery_s=recovery_s(parts[-1], quiet.p99_ms, slice_s) if kept_up and not voids[-1] else None,
        watched_s=len(parts[-1]) * slice_s,
        timeout_s=timeout_s,
        timeline=slices,
        slice_s=slice_s,
    )


def _step(part: Sequence[Slice], phase: Phase, capacity_per_s: float, slice_s: float, void: str) -> OverloadStep:
    settled = part[int(len(part) * SETTLED_SHARE) :]
    length_s = len(settled) * slice_s
    histogram = Histogram.of_counts(merged_counts(one.histogram for one in settled))
    return OverloadStep(
        factor=phase.rate_per_s / capacity_per_s,
        offered_per_s=sum(one.offered for one in settled) / length_s,
        goodput_per_s=sum(one.succeeded for one in settled) / length_s,
        p99_ms=histogram.percentile_ms(99),
        failed=sum(one.failed for one in part),
        unsent=sum(one.unsent for one in part),
        void=void,
    )


def recovery_s(after: Sequence[Slice], quiet_p99_ms: float | None, slice_s: float) -> float | None:
    """Seconds until p99 is back for good; None when it was not, or when there is nothing to compare with.

    A slice without an answer, or with a failure, is not recovered.
    """
    if quiet_p99_ms is None:
        return None
    limit_ms = max(BACK_FACTOR * quiet_p99_ms, quiet_p99_ms + LEAST_BACK_MS)
    back = {
        place: not (one.failed or one.unsent)
        and (p99_ms := Histogram.of_counts(one.histogram).percentile_ms(99)) is not None
        and p99_ms <= limit_ms
        for place, one in enumerate(after)
        if one.offered or one.failed or one.histogram
    }
    if not back or not back[max(back)]:
        return None
    last_bad = max((place for place, good in back.items() if not good), default=-1)
    return (last_bad + 1) * slice_s
