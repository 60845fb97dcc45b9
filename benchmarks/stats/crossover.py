"""From which wait (or load) on a challenger is ahead, read off measured points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import exp, inf, isfinite, log

from benchmarks.stats.intervals import Ratio, Resampler, Windows, bounds, paired_ratio

NO_LEAD = 1.1  # "never ahead" needs intervals that leave no room for a lead of 10 %, below which none is worth a move


class State(StrEnum):
    """What can be said of the whole grid; ``different``, ``above`` and ``below`` are those of ``Ratio``.

    - always ahead: above at every point.
    - crosses: above at the largest x, but not at every point.
    - never ahead: above nowhere and below somewhere, and no interval leaves room for a lead of 10 %. Being no worse
      at the largest x, where both have come to the same ceiling, is not being ahead.
    - cannot tell: all else. No point is different; or the largest x is open; or the challenger was ahead in the
      middle and lost it again, so that there is no x from which on it stays ahead.
    """

    CROSSES = "crosses"
    ALWAYS_AHEAD = "always ahead"
    NEVER_AHEAD = "never ahead"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Point:
    """Both contenders' rounds at one x, which is above 0 (a wait in milliseconds, say)."""

    x: float
    challenger: Windows
    baseline: Windows


@dataclass(frozen=True)
class Crossover:
    """The x from which on the challenger is ahead, with its 95 % interval; all None unless it ``crosses``.

    ``low`` is None when the interval reaches below the smallest x, ``high`` when it reaches beyond the largest. ``x``
    is None when all ratios exceed 1 but not all clearly: then it lies at or below the smallest x.
    """

    state: State
    x: float | None = None
    low: float | None = None
    high: float | None = None


def crossover(points: Sequence[Point]) -> Crossover:
    """From which x on, up to the largest, the ratio exceeds 1: interpolated between points in log x and log ratio.

    Points are ordered by x. Those without a trusted ratio are left out, so "the largest x" is the largest that has
    one. For the interval all points' rounds and windows are resampled as for their ratios, and the crossover is read
    off again; its tails are those of the point with the fewest rounds. ValueError where two points have the same x or
    one is not above 0.
    """
    places = [point.x for point in points]
    if not all(0 < x < inf for x in places) or len(set(places)) < len(places):
        raise ValueError(f"points need an x of their own, above 0, not {places}")
    known: list[tuple[Point, Ratio]] = []
    for point in sorted(points, key=lambda point: point.x):
        ratio = paired_ratio(point.challenger, point.baseline)
        if ratio is not None and ratio.trusted:
            known.append((point, ratio))
    state = state_of([ratio for _, ratio in known])
    if len(known) < len(points) and state in (State.ALWAYS_AHEAD, State.NEVER_AHEAD):
        return Crossover(State.CANNOT_TELL)  # it may be otherwise where there are no figures
    return _located(known) if state is State.CROSSES else Crossover(state)


def state_of(ratios: Sequence[Ratio]) -> State:
    """What the ratios, in order of x, say together."""
    if not any(ratio.different for ratio in ratios):
        return State.CANNOT_TELL
    if all(ratio.above for ratio in ratios):
        return State.ALWAYS_AHEAD
    if ratios[-1].above:
        return State.CROSSES
    if any(ratio.above for ratio in ratios) or any(ratio.high > NO_LEAD for ratio in ratios):
        return State.CANNOT_TELL
    return State.NEVER_AHEAD


def crossing(places: Sequence[float], heights: Sequence[float]) -> float:
    """The place from which on heights stay above 0, interpolated; minus infinity when all are, infinity when the last
    is not. A height may be minus infinity (a challenger that gave no answer); the crossing is then at the next place.
    """
    if heights[-1] <= 0:
        return inf
    for (left, below), (right, above) in reversed(list(pairwise(zip(places, heights, strict=True)))):
        if below <= 0:
            return right if below == -inf else left + (right - left) * below / (below - above)
    return -inf


def _located(known: Sequence[tuple[Point, Ratio]]) -> Crossover:
    places = [log(point.x) for point, _ in known]
    resamplers = (Resampler.of_pairs(point.challenger, point.baseline) for point, _ in known)
    columns = [resampler.medians(stream) for stream, resampler in enumerate(resamplers) if resampler]
    draws = [crossing(places, heights) for heights in zip(*columns, strict=True)]
    x = crossing(places, [log(ratio.value) if ratio.value else -inf for _, ratio in known])
    low, high = bounds(draws, min(ratio.rounds for _, ratio in known))
    return Crossover(State.CROSSES, _place(x), _place(min(low, x)), _place(max(high, x)))


def _place(logarithm: float) -> float | None:
    return exp(logarithm) if isfinite(logarithm) else None
