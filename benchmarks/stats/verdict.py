"""Advice for a Django team, from the standings of one scenario.

A difference matters from 10 % on, with an interval wholly on one side of 1: a rewrite for less is not worth it.
``Ratio.above`` and ``below`` decide about the side, so that it takes five rounds. Ratios are to the threaded WSGI
baseline at the same level. A level at which no candidate has a ratio (the baseline void, say) was not measured. The
first rule that applies gives the advice:

1. GO_ASYNC: one candidate is ahead so that it matters at every level measured. It has to be the same at all: a team
   deploys one.
2. ASYNC_AT_HIGH: one is from some level on up to the highest, and not at the level below. Of several, under both
   rules, the one that is at most levels, and of those the fastest at the highest level.
3. ADD_THREADS: worker processes alone are behind threads so that it matters, at the highest level where that is
   known. Threads cost a line of configuration, so that async need not be settled first.
4. STAY_SYNC: async is behind at some level and nowhere ahead. Being behind by less than 10 % is enough here: the move
   costs work, staying costs nothing.
5. NO_MATTER: at every level the candidates' intervals are within 25 % of 1, so that no more can be gained or lost; or
   candidate and baseline are both at their ceilings, near which nothing can be ranked, less than 10 % apart.
6. UNDECIDED: everything else, and whenever no ratio is trusted.

For rules 4 and 5 a candidate without a trusted ratio leaves its level open only when all are without one: what was
not measured is no argument against what was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from benchmarks.stats.intervals import LEAST_ROUNDS, Ratio

MATTERS = 1.1
TIGHT = 1.25


class Advice(StrEnum):
    """What a team should do; as pages and terminal say it."""

    STAY_SYNC = "stay sync"
    ADD_THREADS = "add threads"
    GO_ASYNC = "go async"
    ASYNC_AT_HIGH = "async only at high concurrency"
    NO_MATTER = "does not matter"
    UNDECIDED = "cannot say"


@dataclass(frozen=True)
class Standing:
    """A contender's ratio to the threaded WSGI baseline at the same level; None where it has no valid figure."""

    contender: str
    ratio: Ratio | None
    at_ceiling: bool = False


@dataclass(frozen=True)
class Level:
    """One load level: ``order`` sorts (connections, say), ``text`` is for people ("32 connections").

    ``processes`` is the sync view on worker processes only; ``candidates`` are the async Django contenders.
    """

    order: float
    text: str
    baseline: str
    baseline_at_ceiling: bool
    processes: Standing | None
    candidates: tuple[Standing, ...]


@dataclass(frozen=True)
class Verdict:
    """The advice, and the figure that decided: ``contender``'s ratio to the baseline at ``level``.

    ``from_level`` is from which level on, with ASYNC_AT_HIGH. Without any figure, contender and level are empty.
    """

    advice: Advice
    contender: str
    ratio: Ratio | None
    level: str
    rule: str
    from_level: str = ""


class Side(StrEnum):
    """Where async Django stands at one level."""

    AHEAD = auto()
    BEHIND = auto()
    EVEN = auto()
    OPEN = auto()


def verdict(levels: Sequence[Level]) -> Verdict:
    """Advice by the first rule that applies; levels in any order."""
    ordered = sorted(levels, key=lambda level: (level.order, level.text))
    measured = [level for level in ordered if any(standing.ratio for standing in level.candidates)]
    return _async(measured) or _threads(ordered) or _sync(measured) or _undecided(measured)


def side_of(level: Level) -> Side:
    """Ahead or open if one candidate is, else even if one is, and behind only when all are (trusted ones)."""
    sides = {_side(standing, level) for standing in _trusted(level)}
    for side in (Side.AHEAD, Side.OPEN, Side.EVEN, Side.BEHIND):
        if side in sides:
            return side
    return Side.OPEN


def is_ahead(standing: Standing) -> bool:
    """Ahead of the baseline so that it matters."""
    return standing.ratio is not None and standing.ratio.above and standing.ratio.value >= MATTERS


def is_behind(standing: Standing) -> bool:
    """Behind the baseline so that it matters."""
    return standing.ratio is not None and standing.ratio.below and standing.ratio.value <= 1 / MATTERS


def _side(standing: Standing, level: Level) -> Side:
    ratio = standing.ratio
    assert ratio is not None
    if is_ahead(standing):
        return Side.AHEAD
    if standing.at_ceiling and level.baseline_at_ceiling and 1 / MATTERS < ratio.value < MATTERS:
        return Side.EVEN
    if ratio.below:
        return Side.BEHIND
    return Side.EVEN if ratio.low >= 1 / TIGHT and ratio.high <= TIGHT else Side.OPEN


def _async(measured: Sequence[Level]) -> Verdict | None:
    """Rules 1 and 2."""
    if not measured:
        return None
    top = measured[-1]
    leaders = [standing for standing in top.candidates if is_ahead(standing)]
    if not leaders:
        return None
    stretches = {standing.contender: _stretch(standing.contender, measured) for standing in leaders}
    best = max(leaders, key=lambda standing: (stretches[standing.contender], _value(standing), standing.contender))
    stretch = stretches[best.contender]
    lead = f"{best.contender} is at least 10 % ahead of {top.baseline}, its interval wholly above 1,"
    if stretch < len(measured):
        first, before = measured[-stretch].text, measured[-stretch - 1].text
        rule = f"{lead} from {first} on{_up_to(measured[-stretch:])}, and not so at {before}."
        return Verdict(Advice.ASYNC_AT_HIGH, best.contender, best.ratio, top.text, rule, first)
    where = f"at every level measured, {measured[0].text} to {top.text}."
    if stretch == 1:
        where = f"at {top.text}; only one level was measured."
    return Verdict(Advice.GO_ASYNC, best.contender, best.ratio, top.text, f"{lead} {where}")


def _stretch(contender: str, measured: Sequence[Level]) -> int:
    """At how many levels, counted from the highest down, a candidate is ahead without a gap."""
    count = 0
    for level in reversed(measured):
        if not any(is_ahead(standing) for standing in level.candidates if standing.contender == contender):
            break
        count += 1
    return count


def _up_to(levels: Sequence[Level]) -> str:
    return f" up to {levels[-1].text}" if len(levels) > 1 else ", the highest level measured"


def _threads(levels: Sequence[Level]) -> Verdict | None:
    """Rule 3."""
    known = [
        (level, level.processes)
        for level in levels
        if level.processes and level.processes.ratio and level.processes.ratio.trusted
    ]
    if not known or not is_behind(known[-1][1]):
        return None
    level, processes = known[-1]
    rule = (
        f"{level.baseline} is at least 10 % ahead of {processes.contender}, the interval wholly on one side of 1, "
        f"at {level.text}, and no async contender is so far ahead of {level.baseline} up to the highest level."
    )
    return Verdict(Advice.ADD_THREADS, processes.contender, processes.ratio, level.text, rule)


def _sync(measured: Sequence[Level]) -> Verdict | None:
    """Rules 4 and 5."""
    sides = [side_of(level) for level in measured]
    if not measured or Side.AHEAD in sides or Side.OPEN in sides:
        return None
    if Side.BEHIND in sides:
        level = next(level for level in reversed(measured) if side_of(level) is Side.BEHIND)
        best = _best(level)
        rule = (
            f"Async Django is behind {level.baseline} at {level.text}, its interval wholly below 1, and at no level "
            "measured ahead so that it matters (10 %); nor are threads known to be so far ahead of worker processes."
        )
        return Verdict(Advice.STAY_SYNC, best.contender, best.ratio, level.text, rule)
    level = measured[-1]
    best = _best(level)
    rule = (
        f"At every level measured async Django and {level.baseline} are within 25 % of each other, intervals "
        "included, or both at the ceiling that the wait sets and less than 10 % apart."
    )
    return Verdict(Advice.NO_MATTER, best.contender, best.ratio, level.text, rule)


def _undecided(measured: Sequence[Level]) -> Verdict:
    """Rule 6, with what would help."""
    if not measured:
        rule = "No async contender has a valid figure beside a valid baseline: the reasons are with their rounds."
        return Verdict(Advice.UNDECIDED, "", None, "", rule)
    level = next((level for level in reversed(measured) if side_of(level) is Side.OPEN), measured[-1])
    best = _best(level)
    if not _trusted(level):
        few = f"At {level.text} there were fewer than {LEAST_ROUNDS} valid rounds"
        rule = f"{few}: void ones say why, and more (--rounds) would help."
    elif side_of(level) is Side.OPEN:
        rule = (
            f"At {level.text} an interval leaves room for a difference of more than 25 % and settles no side: "
            "more rounds (--rounds) or more time for them (--patience) would help."
        )
    else:
        text = next(level.text for level in reversed(measured) if side_of(level) is Side.AHEAD)
        rule = (
            f"Async Django is ahead by 10 % or more at {text}, yet not up to the highest level: that is no rule "
            "to go by. More rounds (--rounds) or more time for them (--patience) would show whether it holds."
        )
    return Verdict(Advice.UNDECIDED, best.contender, best.ratio, level.text, rule)


def _best(level: Level) -> Standing:
    """The candidate with the highest ratio, trusted ones first."""
    shown = [standing for standing in level.candidates if standing.ratio]
    return max(_trusted(level) or shown, key=lambda standing: (_value(standing), standing.contender))


def _trusted(level: Level) -> list[Standing]:
    return [standing for standing in level.candidates if standing.ratio and standing.ratio.trusted]


def _value(standing: Standing) -> float:
    return standing.ratio.value if standing.ratio else 0.0
