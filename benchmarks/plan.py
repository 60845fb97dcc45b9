"""What a run will do: workloads, contenders, load levels, sweeps, and the seeded order of its rounds."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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
    names = sorted(known)
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names)}"
    raise UnknownName(f"there is no {kind} {name!r}", hint=hint)


class Axis(StrEnum):
    """What a sweep varies."""

    WAIT = "wait"  # in milliseconds
    WORKERS = "workers"
    THREADS = "threads"


@dataclass(frozen=True)
class Sweep:
    """One axis and its values: milliseconds, or numbers of workers or threads."""

    axis: Axis
    values: tuple[float, ...]


@dataclass(frozen=True)
class Level:
    """A load level: so many connections in a closed loop; so many arrivals a second in an open one.

    In an open loop ``concurrency`` bounds how many requests may be under way.
    """

    concurrency: int
    rate_per_s: float | None = None

    def __str__(self) -> str:
        return describe_level(self.concurrency, self.rate_per_s)


def plain(value: float) -> str:
    """A number in words, requests and names: to the thousandth, and no longer than it has to be."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def describe_level(concurrency: int, rate_per_s: float | None) -> str:
    """A load level in words."""
    if rate_per_s is not None:
        return f"{plain(rate_per_s)} requests/s"
    return f"{concurrency} connection{'s' * (concurrency != 1)}"


@dataclass(frozen=True)
class Point:
    """Where on a sweep's axis a cell lies; nowhere without a sweep."""

    axis: Axis | None = None
    value: float = 0.0

    def on(self, axis: Axis) -> float | None:
        return self.value if self.axis is axis else None

    def __str__(self) -> str:
        return describe_point(self.axis, self.value) if self.axis else ""


def describe_point(axis: str, value: float) -> str:
    """A sweep's point in words."""
    return (
        f"wait {plain(value)} ms"
        if axis == Axis.WAIT
        else f"{value:g} {axis if value != 1 else axis.removesuffix('s')}"
    )


@dataclass(frozen=True)
class Workload:
    """What the harness has to know of a scenario's card."""

    scenario: str
    title: str
    question: str
    needs: frozenset[str]  # "database", "upstream"
    exchanges: dict[float, tuple[Exchange, ...]]  # wait in milliseconds -> requests and their right answers
    wait_ms: float = 0.0  # of one wait, unless a sweep says otherwise; 0: it does not wait
    waits: dict[str, int] = field(default_factory=dict)  # variant -> waits one after the other in a request
    excused: dict[str, str] = field(default_factory=dict)  # contender -> why it cannot take part
    concurrency: int = 32  # the load level its card chose
    baseline: str = BASELINE

    def prefix(self, variant: str) -> str:
        """The path under which a variant answers."""
        return f"/{self.scenario}/{variant}/"

    def wait_at(self, point: Point) -> float:
        """Milliseconds of one wait."""
        wait_ms = point.on(Axis.WAIT)
        return self.wait_ms if wait_ms is None else wait_ms

    def exchanges_at(self, point: Point) -> tuple[Exchange, ...]:
        return self.exchanges[self.wait_at(point)]

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
    point: Point = Point()

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
    pool_size: int = 16  # connections per process, the same for all
    threads: int | None = None  # of threaded servers; None: as many as connections
    timeout_s: float = 10.0
    generators: int = 1

    @property
    def model(self) -> Model:
        return Model.OPEN if self.rates_per_s else Model.CLOSED

    def levels(self, workload: Workload) -> tuple[Level, ...]:
        """The load levels a scenario is run at."""
        if self.rates_per_s:
            return tuple(Level(self.in_flight, rate_per_s) for rate_per_s in self.rates_per_s)
        return tuple(Level(concurrency) for concurrency in self.concurrencies or (workload.concurrency,))

    def most_connections(self, workload: Workload) -> int:
        """To one server at once."""
        levels = [level.concurrency for level in self.levels(workload)]
        return max([*levels, *([self.in_flight] if self.overload else [])])

    @property
    def points(self) -> tuple[Point, ...]:
        return tuple(Point(self.sweep.axis, value) for value in self.sweep.values) if self.sweep else (Point(),)

    def threads_at(self, workload: Workload, point: Point) -> int:
        """How many threads a threaded server gets: matched to the closed loop's connections unless told otherwise."""
        told = point.on(Axis.THREADS) or self.threads
        if told:
            return int(told)
        if self.sweep:
            return SWEEP_THREADS
        if self.rates_per_s:
            return workload.concurrency
        return min(MOST_THREADS, max(self.concurrencies, default=workload.concurrency))

    @property
    def shares_cpus(self) -> bool:
        """Servers get all CPUs when their number of processes is what is asked about."""
        return self.sweep is not None and self.sweep.axis is Axis.WORKERS

    def options(self) -> dict[str, Any]:
        """What a record keeps of the plan."""
        return {
            "contenders": [str(contender) for contender in self.contenders],
            "levels": {
                workload.scenario: [str(level) for level in self.levels(workload)] for workload in self.workloads
            },
            "sweep": {"axis": str(self.sweep.axis), "values": list(self.sweep.values)} if self.sweep else None,
            "overload": self.overload,
            "duration_s": self.duration_s,
            "warmup_s": self.warmup_s,
            "rounds": self.rounds,
            "patience": self.patience,
            "middleware": str(self.middleware),
            "pool_size": self.pool_size,
            "threads": {workload.scenario: self.threads_at(workload, self.points[0]) for workload in self.workloads},
            "timeout_s": self.timeout_s,
            "wait_ms": {workload.scenario: workload.wait_ms for workload in self.workloads if workload.wait_ms},
            "load": str(self.model),
            "arrivals": str(self.arrivals) if self.rates_per_s or self.overload else None,
            "in_flight": self.in_flight if self.rates_per_s or self.overload else None,
            "generators": self.generators,
        }

    def cells(self, workload: Workload) -> list[Cell]:
        return [
            Cell(workload.scenario, contender, level, point)
            for point in self.points
            for level in self.levels(workload)
            for contender in self.contenders
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
        longest_ms = max((workload.least_ms(contender.variant, point) for contender in self.contenders), default=0.0)
        return max(self.duration_s, WAITS_PER_WINDOW * longest_ms / 1000)

    def ramp_s(self, workload: Workload, cell: Cell) -> float:
        """How long a round warms up: connections that begin within less than a wait would be answered in waves."""
        return max(self.warmup_s, workload.least_ms(cell.contender.variant, cell.point) / 1000)
