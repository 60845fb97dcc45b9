"""What may be raced: names of the registry and numbers within limits, whatever a form says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from typing import Any

from apps.scenarios.contract import Scenario
from apps.scenarios.planning import DEFAULT_CONTENDERS, build_plan
from apps.scenarios.registry import scenarios
from benchmarks.axes import HOSTING_AXES, plain
from benchmarks.estimate import estimate_s
from benchmarks.exceptions import UsageError
from benchmarks.plan import Middleware, Plan, choose

CONCURRENCIES = (8, 16, 32, 64)
LEAST_ROUNDS, USUAL_ROUNDS, MOST_ROUNDS = 3, 7, 9
LEAST_CONTENDERS, MOST_CONTENDERS = 2, 4
LONGEST_NAME = 100  # longer than any, and as much of one as is echoed
LONGEST_S = 90.0  # as estimated: nobody looks at anything for longer
# Ticked in a form that is new.
FIRST_CHOICE = ("sync@gunicorn-threads", "async@uvicorn", "async@uvicorn-fastlane", "aiohttp@aiohttp")


@dataclass(frozen=True)
class RaceOrder:
    """What a visitor has asked for, within the limits."""

    scenario: str
    contenders: tuple[str, ...]
    concurrency: int
    rounds: int

    def told(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def words(self) -> list[str]:
        """What ``runbench`` is told."""
        contenders = (word for name in self.contenders for word in ("--contender", name))
        numbers = ("--concurrency", str(self.concurrency), "--rounds", str(self.rounds))
        held = _held(scenarios()[self.scenario])
        still = (
            (f"--{name}", plain(value)) if name in HOSTING_AXES else ("--set", f"{name}={plain(value)}")
            for name, value in held.items()
        )
        return [self.scenario, *contenders, *numbers, *chain.from_iterable(still)]


@dataclass(frozen=True)
class Offer:
    """A scenario that can be raced, and who can take part in it here."""

    name: str
    title: str
    question: str
    contenders: tuple[str, ...]
    ticked: tuple[str, ...]
    concurrency: int  # that a form begins with


@cache
def offers() -> dict[str, Offer]:
    """Every scenario with at least two contenders whose servers are installed."""
    found = {card.name: _offer(card) for card in scenarios().values()}
    return {name: offer for name, offer in found.items() if len(offer.contenders) >= LEAST_CONTENDERS}


def read_order(scenario: str, contenders: Sequence[str], concurrency: str, rounds: str) -> RaceOrder:
    """The order that the words of a form make. Raises UsageError with the limit that they leave."""
    scenario = choose("scenario to race", scenario[:LONGEST_NAME], offers())
    offer = offers()[scenario]
    chosen = tuple(dict.fromkeys(name[:LONGEST_NAME] for name in contenders))
    for name in chosen:
        choose(f"contender for {scenario} here", name, offer.contenders)
    if not LEAST_CONTENDERS <= len(chosen) <= MOST_CONTENDERS:
        raise UsageError(
            f"a race has {LEAST_CONTENDERS} to {MOST_CONTENDERS} contenders, and {len(chosen)} were chosen",
            hint="tick some more" if len(chosen) < LEAST_CONTENDERS else "leave some out",
        )
    if concurrency not in map(str, CONCURRENCIES):
        raise UsageError(
            f"{_short(concurrency)} is no number of connections that can be chosen",
            hint=f"it is one of {', '.join(map(str, CONCURRENCIES))}",
        )
    if rounds not in map(str, range(LEAST_ROUNDS, MOST_ROUNDS + 1)):
        raise UsageError(
            f"{_short(rounds)} is no number of rounds that can be chosen",
            hint=f"it is {LEAST_ROUNDS} to {MOST_ROUNDS}",
        )
    order = RaceOrder(scenario, chosen, int(concurrency), int(rounds))
    expected_s = estimate_s(plan_of(order))
    if expected_s > LONGEST_S:
        raise UsageError(
            f"that race would take about {expected_s:.0f} s, and {LONGEST_S:.0f} s is the most",
            hint="take fewer rounds or contenders",
        )
    return order


def plan_of(order: RaceOrder) -> Plan:
    """What ``runbench`` will make of the order's words."""
    held = _held(scenarios()[order.scenario])
    return build_plan(
        [order.scenario],
        order.contenders,
        settings={name: value for name, value in held.items() if name not in HOSTING_AXES},
        concurrencies=(order.concurrency,),
        rounds=order.rounds,
        **_hosting(held),
    )


def _hosting(held: Mapping[str, float]) -> dict[str, Any]:
    return {name: int(value) for name, value in held.items() if name in HOSTING_AXES}


def _held(card: Scenario) -> dict[str, float]:
    """What a card sweeps stands still in a race, which has one line for each contender."""
    if card.sweep is None:
        return {}
    axis = card.sweep.axis
    return {axis: min(card.sweep.values) if axis in HOSTING_AXES else card.defaults[axis]}


def _offer(card: Scenario) -> Offer:
    explicit = f"+{Middleware.DEFAULT}"
    usual = [name for name in DEFAULT_CONTENDERS if name + explicit not in card.contenders]
    names = tuple(name for name in dict.fromkeys((*card.contenders, *usual)) if _takes_part(card, name))
    ticked = tuple(name for name in FIRST_CHOICE if name in names)
    concurrency = min(CONCURRENCIES, key=lambda number: abs(number - card.concurrency))
    enough = len(ticked) >= LEAST_CONTENDERS
    return Offer(card.name, card.title, card.question, names, ticked if enough else names[:3], concurrency)


def _takes_part(card: Scenario, name: str) -> bool:
    """Whether the card has the variant and its server is installed and fits."""
    try:
        (workload,) = build_plan([card.name], [name]).workloads
    except UsageError:
        return False
    return name not in workload.excused


def _short(text: str) -> str:
    return repr(text if len(text) <= 20 else f"{text[:20]}…")
