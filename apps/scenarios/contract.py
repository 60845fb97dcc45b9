"""What a scenario is: one card that declares its question, its variants, its requests and their right answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.axes import Axis, Setting, Sweep
from benchmarks.load.specs import Exchange, Expectation
from benchmarks.plan import BASELINE
from benchmarks.servers.base import Interface, Server

__all__ = ["STANDARD_VARIANTS", "Exchange", "Expectation", "Scenario", "Setting", "Settings", "Sweep", "Variant"]

Settings = Mapping[str, float]  # name -> value, as a run or a point of a sweep has it

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
    scenario's waits a request spends one after the other, the basis of its ceiling. ``hops`` is how often its view
    goes from the event loop to a thread and back, at the most and with the card's own settings (middlewares, and
    Django's own hop around a sync view, are not in it), and ``fastlane_hops`` how often on the fast lane, where that
    differs: a session that is read, or a sync iterator that is streamed, is a reason to hop there. A test counts both.
    ``not_applicable`` is the reason why there is no such view; it has to be given for each of the four that is missing.
    """

    name: str
    summary: str = ""
    waits: int = 0
    hops: int = 0
    fastlane_hops: int | None = None  # None: as many
    needs_postgresql: bool = False
    needs_lifespan: bool = False  # its view finds at lifespan what was opened once per process
    not_applicable: str = ""
    interfaces: frozenset[Interface] = frozenset()

    def __post_init__(self) -> None:
        if not self.interfaces:
            object.__setattr__(self, "interfaces", STANDARD_VARIANTS.get(self.name, DJANGO))

    @property
    def module(self) -> str:
        return self.name.replace("-", "_") + "_view"

    @property
    def is_sync(self) -> bool:
        """Whether Django has to run its view in a thread."""
        return self.name.partition("-")[0] == "sync"

    def hops_on(self, server: Server) -> int:
        """How often its view goes to a thread and back there; never where there is no loop that it could leave."""
        if server.interface is not Interface.ASGI:
            return 0
        return self.hops if self.fastlane_hops is None or not server.fastlane else self.fastlane_hops


@dataclass(frozen=True)
class Scenario:
    """A card. ``exchange`` draws one request with its right answer; the same dice give the same requests.

    It is told the value of every setting: the card's own, or what the command line or a sweep wants instead. A card
    that waits has the setting ``wait``, of ``wait_ms`` milliseconds and at most ``longest_wait_ms``.
    """

    name: str
    title: str
    question: str
    claims: tuple[str, ...]
    look_for: str
    variants: tuple[Variant, ...]
    exchange: Callable[[random.Random, Settings], Exchange]
    wait_ms: float = 0.0
    longest_wait_ms: float = 5000.0
    more_settings: tuple[Setting, ...] = ()  # beside the wait
    needs: frozenset[str] = frozenset()  # "database", "upstream", "cache"
    needs_middleware: bool = False  # sessions, say: a run without middlewares excuses every Django variant
    example: str = ""  # a query whose answer is worth a look, in the small catalog too
    method: str = "GET"  # of every request
    malformed: tuple[str, ...] = ()  # queries that every variant answers with 400 and one and the same reason
    exchanges: int = 1000  # how many different requests a run draws
    concurrency: int = 32  # connections, unless the command line says otherwise
    contenders: tuple[str, ...] = ()  # run by default; empty: the usual ones
    sweep: Sweep | None = None  # run by default: the question is about a curve
    baseline: str = BASELINE
    all_cpus: bool = False  # the CPU is what is asked about, so that the servers get all there are
    pool_size: int | None = None  # database connections per process; None: as all scenarios have
    wait_holds_connection: bool = False  # the wait is one of the database: the pool bounds how many can wait at once
    cost_per: str = ""  # the setting whose cost for each unit is the question: "hops"
    audit: str = ""  # SQL run after every round; each row it gives is a complaint, and the round has failed

    def draw(self, seed: int, settings: Settings | None = None) -> tuple[Exchange, ...]:
        """The requests of a run; the same ones whatever the settings."""
        dice = random.Random(f"{self.name}/{seed}")
        values = {**self.defaults, **(settings or {})}
        return tuple(
            one if one.method == self.method else replace(one, method=self.method)
            for one in (self.exchange(dice, values) for _ in range(self.exchanges))
        )

    @property
    def settings(self) -> dict[str, Setting]:
        """Every setting by its name, the wait first."""
        wait = Setting(Axis.WAIT, self.wait_ms, self.longest_wait_ms, summary="milliseconds of one wait")
        return {setting.name: setting for setting in (*([wait] if self.wait_ms else []), *self.more_settings)}

    @property
    def defaults(self) -> dict[str, float]:
        return {str(name): setting.value for name, setting in self.settings.items()}

    def variant(self, name: str) -> Variant | None:
        return next((variant for variant in self.variants if variant.name == name), None)

    @property
    def applicable(self) -> tuple[Variant, ...]:
        return tuple(variant for variant in self.variants if not variant.not_applicable)
