"""What a scenario is: one card that declares its question, its variants, its requests and their right answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.load.specs import Exchange, Expectation
from benchmarks.plan import BASELINE
from benchmarks.servers.base import Interface

__all__ = ["STANDARD_VARIANTS", "Exchange", "Expectation", "Scenario", "Variant"]

DJANGO = frozenset({Interface.WSGI, Interface.ASGI})
STANDARD_VARIANTS: dict[str, frozenset[Interface]] = {
    "sync": DJANGO,
    "async": frozenset({Interface.ASGI}),
    "wrapped": frozenset({Interface.ASGI}),
    "aiohttp": frozenset({Interface.AIOHTTP}),
}


@dataclass(frozen=True)
class Variant:
    """One way the scenario's code is written: ``<name>_view.py`` in the scenario's folder, with a ``view`` in it.

    ``interfaces`` says which servers can host it; the four standard variants know theirs. ``waits`` is how many of the
    scenario's waits a request spends one after the other, the basis of its ceiling. ``not_applicable`` is the reason
    why there is no such view; it has to be given for each of the four that is missing.
    """

    name: str
    summary: str = ""
    waits: int = 0
    needs_postgresql: bool = False
    not_applicable: str = ""
    interfaces: frozenset[Interface] = frozenset()

    def __post_init__(self) -> None:
        if not self.interfaces:
            object.__setattr__(self, "interfaces", STANDARD_VARIANTS.get(self.name, DJANGO))

    @property
    def module(self) -> str:
        return self.name.replace("-", "_") + "_view"


@dataclass(frozen=True)
class Scenario:
    """A card. ``exchange`` draws one request with its right answer; the same dice give the same requests.

    It is told how long one wait is, in milliseconds: ``wait_ms``, or what a sweep wants instead, up to
    ``longest_wait_ms``. Scenarios without a wait are told 0.
    """

    name: str
    title: str
    question: str
    claims: tuple[str, ...]
    look_for: str
    variants: tuple[Variant, ...]
    exchange: Callable[[random.Random, float], Exchange]
    wait_ms: float = 0.0
    longest_wait_ms: float = 5000.0
    needs: frozenset[str] = frozenset()  # "database", "upstream"
    example: str = ""  # a query whose answer is worth a look, in the small catalog too
    malformed: tuple[str, ...] = ()  # queries that every variant answers with 400 and one and the same reason
    exchanges: int = 1000  # how many different requests a run draws
    concurrency: int = 32  # connections, unless the command line says otherwise
    baseline: str = BASELINE

    def draw(self, seed: int, wait_ms: float | None = None) -> tuple[Exchange, ...]:
        """The requests of a run; the same ones whatever the wait."""
        dice = random.Random(f"{self.name}/{seed}")
        wait_ms = self.wait_ms if wait_ms is None else wait_ms
        return tuple(self.exchange(dice, wait_ms) for _ in range(self.exchanges))

    def variant(self, name: str) -> Variant | None:
        return next((variant for variant in self.variants if variant.name == name), None)

    @property
    def applicable(self) -> tuple[Variant, ...]:
        return tuple(variant for variant in self.variants if not variant.not_applicable)
