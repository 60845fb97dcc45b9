"""Ratios between contenders with 95 % intervals, by resampling rounds and the windows within them.

Rounds are resampled whole and the median of their ratios is taken again. The windows of a chosen round are resampled
too, but only to blur it: the scatter between rounds already contains the noise of their windows, and resampling both
levels as they come counts it twice (A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997,
section 3.8): where windows are noisy, such intervals are 1.2 to 1.7 times as wide and hold the truth in 99.6 to 100 %
of cases. So the blurred rounds are drawn towards their median until their variance is what it was before, as in the
shrunk smoothed bootstrap (B. W. Silverman and G. A. Young, "The bootstrap: to smooth or not to smooth?", 1987). The
scatter between rounds alone sets the width, so windows may be lumpy or depend on each other, as they do where answers
come in bursts. Simulated without a difference, 5 to 15 rounds, these intervals hold 1 in 95 to 99 % of cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import atan, cos, exp, inf, log, pi, sin, sqrt
from operator import itemgetter, sub
from random import Random
from statistics import NormalDist, fmean, median, variance

Windows = Mapping[int, Sequence[float]]  # round number -> rates (requests/s) of the round's equal sub-windows
Rates = tuple[float, ...]  # of one round's windows
Draw = Callable[[Sequence[float]], tuple[float, ...]]  # certain places of what it is given

LEVEL = 0.95
LEAST_ROUNDS = 5
# Windows count whole answers and are never equally long: two contenders that answer the same number in every window
# differ in the fourth digit, always to the same side.
SMALLEST = 0.01
RESAMPLES = 5000  # five rounds want a tail of 0.001: five resamples beyond either bound
BLURS = 200  # resamples of the windows of each round
SEED = 1987


@dataclass(frozen=True)
class Ratio:
    """A ratio of rates and its 95 % interval, which always holds it; ``rounds`` is how many it rests on."""

    value: float
    low: float
    high: float
    rounds: int

    @property
    def trusted(self) -> bool:
        """Whether there were rounds enough to say anything at all."""
        return self.rounds >= LEAST_ROUNDS

    @property
    def above(self) -> bool:
        """Whether the interval lies above 1 by more than can be resolved, and means something."""
        return self.trusted and self.low > 1.0 + SMALLEST

    @property
    def below(self) -> bool:
        """Whether the interval lies below 1 by more than can be resolved, and means something."""
        return self.trusted and self.high < 1.0 - SMALLEST

    @property
    def different(self) -> bool:
        return self.above or self.below


def paired_ratio(values: Windows, baseline: Windows) -> Ratio | None:
    """Median ratio over the rounds (by number) that both have, so that what drifts from round to round cancels.

    None where they share no round in which the baseline answered. No answer to ``values`` is a ratio of 0.
    """
    pairs = _pairs(values, baseline)
    return _paired(pairs) if pairs else None


def unpaired_ratio(values: Windows, baseline: Windows) -> Ratio | None:
    """Median rate of one run by the median rate of another; drift between the runs does not cancel and is not seen.

    Rounds in which the baseline did not answer are left out; None where either side has no rounds left.
    """
    ours = _rounds(values)
    theirs = tuple(rates for rates in _rounds(baseline) if fmean(rates) > 0)
    return _unpaired(ours, theirs) if ours and theirs else None


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """(median, low, high) of rounds' values of any sign, 95 %; of fewer than ``LEAST_ROUNDS`` it means nothing."""
    dice = Random(SEED)
    draws = (median(dice.choices(values, k=len(values))) for _ in range(RESAMPLES))
    low, high = bounds(draws, len(values))
    value = median(values)
    return value, min(low, value), max(high, value)


@cache
def t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t for a probability in [1/2, 1) and a whole number of degrees of freedom.

    Bisects the distribution function, a finite series: M. Abramowitz and I. A. Stegun, "Handbook of Mathematical
    Functions" (1964), 26.7.3 and 26.7.4.
    """
    low, high = 0.0, 1.0
    while _within(high, degrees) < 2 * probability - 1:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < 2 * probability - 1 else (low, middle)
    return high


def expanded_tail(rounds: int) -> float:
    """How much of the resamples to leave out at either end: Φ(-√(n ÷ (n - 1)) × t) for the t of n - 1 degrees.

    A percentile interval of few values is too narrow, since their variance is that of n and not of n - 1, and since
    it takes the normal's quantile where Student's is due. T. Hesterberg, "What Teachers Should Know About the
    Bootstrap" (2015), "expanded percentile interval". 0, all there is, for a single round.
    """
    if rounds < 2:
        return 0.0
    return NormalDist().cdf(-sqrt(rounds / (rounds - 1)) * t_quantile((1 + LEVEL) / 2, rounds - 1))


def bounds(draws: Iterable[float], rounds: int) -> tuple[float, float]:
    """Expanded percentile interval; the extreme draws where there are too few of them for so small a tail."""
    ordered = sorted(draws)
    skipped = int(expanded_tail(rounds) * len(ordered))
    return ordered[skipped], ordered[-1 - skipped]


@dataclass(frozen=True)
class Resampler:
    """What one resampled round can be, as logarithms, each round having an equal share of it."""

    rounds: int
    pool: tuple[float, ...]

    @classmethod
    def of_pairs(cls, values: Windows, baseline: Windows) -> Resampler | None:
        """For ratios paired by round; None under the conditions of ``paired_ratio``."""
        pairs = _pairs(values, baseline)
        return _of_pairs(pairs) if pairs else None

    @classmethod
    def blurred(cls, rounds: Sequence[tuple[float, list[float]]]) -> Resampler:
        """From each round's logarithm and the noise its windows would add to it.

        A round without answers (minus infinity) stays what it is. One round alone has nothing but its windows.
        """
        finite = [(centre, noise) for centre, noise in rounds if centre > -inf]
        centres = [centre for centre, _ in finite]
        middle = median(centres) if centres else 0.0
        shrink = 1.0
        if len(finite) > 1 and (added := fmean(shift * shift for _, noise in finite for shift in noise)):
            scatter = variance(centres)
            shrink = sqrt(scatter / (scatter + added))
        pool = [middle + shrink * (centre - middle + shift) for centre, noise in finite for shift in noise]
        return cls(len(rounds), tuple(pool + [-inf] * BLURS * (len(rounds) - len(finite))))

    def medians(self, stream: int = 0) -> list[float]:
        """Logarithm of the median of as many resampled rounds as there were; ``RESAMPLES`` times.

        Equal streams make equal draws: who compares two of these gives each a stream of its own.
        """
        pool = sorted(self.pool)
        lower, upper = (list(middle(pool)) for middle in _middles(self.rounds, stream))
        return lower if self.rounds % 2 else [(low + high) / 2 for low, high in zip(lower, upper, strict=True)]


@cache
def _middles(rounds: int, stream: int) -> tuple[Draw, Draw]:
    """Which places of a sorted pool the middle of ``rounds`` random ones is at, both of an even number's.

    The places do not depend on what is in the pool, and a pool's size only on its rounds. So they are drawn once, and
    a resample costs no more than to look there.
    """
    dice, size = Random(f"middles {SEED} {rounds} {stream}"), rounds * BLURS
    drawn = [sorted(int(dice.random() * size) for _ in range(rounds)) for _ in range(RESAMPLES)]
    return itemgetter(*(places[(rounds - 1) // 2] for places in drawn)), itemgetter(
        *(places[rounds // 2] for places in drawn)
    )


@cache
def _windows_drawn(windows: int, stream: int) -> tuple[Draw, ...]:
    """Which windows of a round each of its resamples takes, with replacement."""
    dice = Random(f"windows {SEED} {windows} {stream}")
    return tuple(itemgetter(*dice.choices(range(windows), k=windows)) for _ in range(BLURS))


def middle_of(values: Iterable[float]) -> float:
    """Median; of an even number the geometric mean of the two in the middle, as becomes ratios."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else sqrt(ordered[half - 1] * ordered[half])


@lru_cache(maxsize=4096)
def _paired(pairs: tuple[tuple[Rates, Rates], ...]) -> Ratio:
    return _ratio(
        middle_of(fmean(ours) / fmean(theirs) for ours, theirs in pairs), _of_pairs(pairs).medians(), len(pairs)
    )


@lru_cache(maxsize=4096)
def _unpaired(ours: tuple[Rates, ...], theirs: tuple[Rates, ...]) -> Ratio:
    above, below = (
        Resampler.blurred([(_log(fmean(rates)), _noise(rates, stream)) for rates in side]).medians(stream)
        for stream, side in enumerate((ours, theirs))
    )
    value = middle_of(map(fmean, ours)) / middle_of(map(fmean, theirs))
    return _ratio(value, list(map(sub, above, below)), min(len(ours), len(theirs)))


def _ratio(value: float, draws: list[float], rounds: int) -> Ratio:
    low, high = bounds(draws, rounds)
    return Ratio(value, min(exp(low), value), max(exp(high), value), rounds)


def _of_pairs(pairs: Sequence[tuple[Rates, Rates]]) -> Resampler:
    return Resampler.blurred(
        [
            (_log(fmean(ours) / fmean(theirs)), list(map(sub, _noise(ours, 0), _noise(theirs, 1))))
            for ours, theirs in pairs
        ]
    )


def _noise(rates: Rates, stream: int) -> list[float]:
    """How far the logarithm of a round's rate moves when its windows are resampled.

    To first order, which stays finite when all windows drawn are empty.
    """
    total, size = sum(rates), len(rates)
    if size == 1 or not total:
        return [0.0] * BLURS
    return [sum(drawn(rates)) / total - 1 for drawn in _windows_drawn(size, stream)]


def _log(rate: float) -> float:
    return log(rate) if rate > 0 else -inf


def _rounds(windows: Windows) -> tuple[Rates, ...]:
    return tuple(tuple(windows[number]) for number in sorted(windows) if windows[number])


def _pairs(values: Windows, baseline: Windows) -> tuple[tuple[Rates, Rates], ...]:
    numbers = sorted(number for number in values.keys() & baseline.keys() if values[number] and baseline[number])
    pairs = ((tuple(values[number]), tuple(baseline[number])) for number in numbers)
    return tuple((ours, theirs) for ours, theirs in pairs if fmean(theirs) > 0)


def _within(t: float, degrees: int) -> float:
    """Probability that Student's t lies between -t and t."""
    angle = atan(t / sqrt(degrees))
    odd = degrees % 2
    term = cos(angle) if odd else 1.0
    terms = []
    for order in range(2 + odd, degrees + 1, 2):
        terms.append(term)
        term *= (order - 1) / order * cos(angle) ** 2
    series = sin(angle) * sum(terms)
    return (angle + series) * 2 / pi if odd else series
