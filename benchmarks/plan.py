"""What a run will do: workloads, contenders, load levels, sweeps, and the seeded order of its rounds."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from benchmarks.axes import NOWHERE, Axis, Level, Point, Sweep
from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Arrivals, Exchange, Model

BASELINE = "sync@gunicorn-threads"  # the fair rival: what a team has without rewriting anything

MOST_THREADS = 512  # matched to the load no further than this
SWEEP_THREADS = 16  # of the threaded server in a sweep: matched to the load it would never be overtaken by waiting
OPEN_DURATION_S = 2.0  # an open loop's window: long enough for 2 % of its arrivals to be more than a handful
WAITS_PER_WINDOW = 3


class Middleware(StrEnum):
    """What stands before every Django view."""

    DEFAULT = "default"  # the seven that startproject writes
    NONE = "none"
    SYNC_ONLY = "sync-only"  # the seven, and one that has no async form


@dataclass(frozen=True)
class Contender:
    """A variant on a server, written ``variant@server``; ``+none`` overrides the run's middlewares."""

    variant: str
    server: str
    middleware: str = ""  # empty: as the run says

    def __str__(self) -> str:
        return f"{self.variant}@{self.server}" + (f"+{self.middleware}" if self.middleware else "")

    @classmethod
    def parse(cls, text: str) -> Contender:
        """Raises UsageError when the text is not ``variant@server`` or ``variant@server+middleware``."""
        variant, at, rest = text.partition("@")
        server, plus, middleware = rest.partition("+")
        if not (variant and at and server) or "@" in server or bool(plus) != bool(middleware):
            raise UsageError(f"contender {text!r} is not understood", hint=f"write variant@server, like {BASELINE}")
        if middleware:
            choose("middleware", middleware, list(Middleware))
        return cls(variant, server, middleware)


def choose(kind: str, name: str, known: Iterable[str]) -> str:
    """The name itself when it is known. Raises UnknownName with the closest ones otherwise."""
    names = sorted(set(known))
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names)}"
    raise UnknownName(f"there is no {kind} {name!r}", hint=hint)


@dataclass(frozen=True)
class Workload:
    """What the harness has to know of a scenario's card, and how a plan asks for it.

    ``exchanges`` are the requests with their right answers at each point of a sweep over a setting; where nothing of
    the kind is swept they are all at ``Point()``.
    """

    scenario: str
    title: str
    question: str
    needs: frozenset[str]  # "database", "upstream", "cache"
    exchanges: dict[Point, tuple[Exchange, ...]]
    settings: dict[str, float] = field(default_factory=dict)  # what the work is made of, unless a sweep says otherwise
    waits: dict[str, int] = field(default_factory=dict)  # variant -> waits one after the other in a request
    hops: dict[str, int] = field(default_factory=dict)  # variant -> its view's hops between loop and threads
    fastlane_hops: dict[str, int] = field(default_factory=dict)  # the same on the fast lane, where that differs
    excused: dict[str, str] = field(default_factory=dict)  # contender -> why it cannot take part
    concurrency: int = 32  # the load level its card chose
    concurrencies: tuple[int, ...] = ()  # a profile's own levels; empty: the plan's
    contenders: tuple[Contender, ...] = ()  # its own; empty: the plan's
    sweep: Sweep | None = None  # its own; None: the plan's
    claims: tuple[str, ...] = ()
    baseline: str = BASELINE
    all_cpus: bool = False  # the servers get the load side's too: the CPU is what is asked about
    pool_size: int | None = None  # database connections per process; None: the plan's
    wait_holds_connection: bool = False  # then the pool bounds how many can wait at once
    cost_per: str = ""  # the setting whose cost for each unit is asked about
    audit: str = ""  # SQL that finds, after every round, what must not be; each row is a complaint

    @property
    def wait_ms(self) -> float:
        """Of one wait, unless a sweep says otherwise; 0: it does not wait."""
        return self.settings.get(Axis.WAIT, 0.0)

    def prefix(self, variant: str) -> str:
        """The path under which a variant answers."""
        return f"/{self.scenario}/{variant}/"

    def wait_at(self, point: Point) -> float:
        """Milliseconds of one wait."""
        wait_ms = point.on(Axis.WAIT)
        return self.wait_ms if wait_ms is None else wait_ms

    def exchanges_at(self, point: Point) -> tuple[Exchange, ...]:
        return self.exchanges[point if point in self.exchanges else Point()]

    @property
    def calls(self) -> int:
        """How many calls to other services a request makes at most."""
        return max(one.expectation.upstream_calls for some in self.exchanges.values() for one in some)

    def least_ms(self, variant: str, point: Point) -> float:
        """What a request waits at least, in milliseconds; the basis of its ceiling."""
        return self.waits.get(variant, 0) * self.wait_at(point)


@dataclass(frozen=True)
class Cell:
    """Scenario × contender × load level, and a point where there is a sweep."""

    scenario: str
    contender: Contender
    level: Level
    point: Point = NOWHERE

    def __str__(self) -> str:
        return f"{self.scenario} {self.contender} {', '.join(filter(None, (str(self.level), str(self.point))))}"


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a run does; two runs with equal plans do the same in the same order."""

    workloads: tuple[Workload, ...]
    contenders: tuple[Contender, ...]
    concurrencies: tuple[int, ...] = ()  # closed loop; empty: each card's own level
    rates_per_s: tuple[float, ...] = ()  # open loop, instead
    arrivals: Arrivals = Arrivals.CONSTANT
    in_flight: int = 1000  # open loop: the most requests under way
    sweep: Sweep | None = None
    overload: bool = False  # after the rounds, push every contender over its capacity
    duration_s: float = 0.5
    warmup_s: float = 0.2
    rounds: int = 5
    patience: int = 0  # rounds that may be added while cells are unstable
    seed: int = 1
    middleware: str = Middleware.DEFAULT
    database: str = "embedded"
    cache_url: str = ""  # of a Redis; empty: a cache in each process
    pool_size: int = 16  # connections per process, the same for all
    workers: int | None = None  # processes of every server; None: as each server thinks best
    threads: int | None = None  # of threaded servers; None: as many as connections
    timeout_s: float = 10.0
    generators: int = 1
    profile: str = ""  # by which its workloads were chosen; empty: by name

    @property
    def model(self) -> Model:
        return Model.OPEN if self.rates_per_s else Model.CLOSED

    def levels(self, workload: Workload) -> tuple[Level, ...]:
        """The load levels a scenario is run at."""
        if self.rates_per_s:
            return tuple(Level(self.in_flight, rate_per_s) for rate_per_s in self.rates_per_s)
        chosen = workload.concurrencies or self.concurrencies or (workload.concurrency,)
        return tuple(Level(concurrency) for concurrency in chosen)

    def most_connections(self, workload: Workload) -> int:
        """To one server at once."""
        levels = [level.concurrency for level in self.levels(workload)]
        return max([*levels, *([self.in_flight] if self.overload else [])])

    def contenders_of(self, workload: Workload) -> tuple[Contender, ...]:
        return workload.contenders or self.contenders

    def sweep_of(self, workload: Workload) -> Sweep | None:
        return workload.sweep or self.sweep

    def points(self, workload: Workload) -> tuple[Point, ...]:
        """Where on its sweep a scenario is measured."""
        sweep = self.sweep_of(workload)
        return tuple(Point(sweep.axis, value) for value in sweep.values) if sweep else (Point(),)

    def threads_at(self, workload: Workload, point: Point) -> int:
        """How many threads a threaded server gets: matched to the closed loop's connections unless told otherwise.

        In a sweep over the wait or over hosting there are fewer: with as many as connections they would never run out.
        """
        told = point.on(Axis.THREADS) or self.threads
        if told:
            return int(told)
        sweep = self.sweep_of(workload)
        if sweep and sweep.axis in tuple(Axis):
            return SWEEP_THREADS
        if self.rates_per_s:
            return workload.concurrency
        return min(MOST_THREADS, max(level.concurrency for level in self.levels(workload)))

    def pool_of(self, workload: Workload) -> int:
        """Database connections of each process, the same for all contenders."""
        return workload.pool_size or self.pool_size

    def name_of(self, workload: Workload) -> str:
        """The scenario, and what it is swept over where a profile has it so beside its card."""
        return workload.scenario + (f" over {workload.sweep.axis}" if workload.sweep else "")

    def shares_cpus(self, workload: Workload) -> bool:
        """Servers get all CPUs when the CPU, or their number of processes, is what is asked about."""
        sweep = self.sweep_of(workload)
        return workload.all_cpus or (self.workers or 1) > 1 or (sweep is not None and sweep.axis == Axis.WORKERS)

    def options(self) -> dict[str, Any]:
        """What a record keeps of the plan."""
        return {
            "profile": self.profile,
            "contenders": [str(contender) for contender in self.contenders],
            "levels": self._levels_by_scenario(),
            "sweep": {"axis": str(self.sweep.axis), "values": list(self.sweep.values)} if self.sweep else None,
            "sweeps": [
                {"scenario": workload.scenario, "axis": str(sweep.axis), "values": list(sweep.values)}
                for workload in self.workloads
                if (sweep := workload.sweep)
            ],
            "overload": self.overload,
            "duration_s": self.duration_s,
            "warmup_s": self.warmup_s,
            "rounds": self.rounds,
            "patience": self.patience,
            "middleware": str(self.middleware),
            "pool_size": self.pool_size,
            "pool_sizes": {workload.scenario: workload.pool_size for workload in self.workloads if workload.pool_size},
            "workers": self.workers,
            "threads": {
                self.name_of(workload): self.threads_at(workload, self.points(workload)[0])
                for workload in self.workloads
            },
            "all_cpus": [self.name_of(workload) for workload in self.workloads if self.shares_cpus(workload)],
            "timeout_s": self.timeout_s,
            "settings": {workload.scenario: workload.settings for workload in self.workloads if workload.settings},
            "load": str(self.model),
            "arrivals": str(self.arrivals) if self.rates_per_s or self.overload else None,
            "in_flight": self.in_flight if self.rates_per_s or self.overload else None,
            "generators": self.generators,
        }

    def _levels_by_scenario(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for workload in self.workloads:
            levels = found.setdefault(workload.scenario, [])
            levels += [str(level) for level in self.levels(workload) if str(level) not in levels]
        return found

    def cells(self, workload: Workload) -> list[Cell]:
        return [
            Cell(workload.scenario, contender, level, point)
            for point in self.points(workload)
            for level in self.levels(workload)
            for contender in self.contenders_of(workload)
        ]

    def runnable(self, workload: Workload) -> list[Cell]:
        """The cells whose contender can take part."""
        return [cell for cell in self.cells(workload) if str(cell.contender) not in workload.excused]

    def order(self, workload: Workload, number: int, cells: Sequence[Cell]) -> list[Cell]:
        """A round runs all cells once, in an order of its own drawn from the seed."""
        order = list(cells)
        random.Random(f"{self.seed}/{workload.scenario}/{number}").shuffle(order)
        return order

    def window_s(self, workload: Workload, point: Point) -> float:
        """How long a round measures; the same for all contenders, and never only one or two waits."""
        contenders = self.contenders_of(workload)
        longest_ms = max((workload.least_ms(contender.variant, point) for contender in contenders), default=0.0)
        return max(self.duration_s, WAITS_PER_WINDOW * longest_ms / 1000)

    def ramp_s(self, workload: Workload, cell: Cell) -> float:
        """How long a round warms up: connections that begin within less than a wait would be answered in waves."""
        return max(self.warmup_s, workload.least_ms(cell.contender.variant, cell.point) / 1000)
