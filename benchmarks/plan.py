"""What a run will do: workloads, contenders, load levels, and the seeded order of its rounds."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Exchange
from benchmarks.services.knowledge import DEFAULT_DELAY_MS

BASELINE = "sync@gunicorn-threads"  # the fair rival: what a team has without rewriting anything

# Rough costs besides the rounds themselves, for the estimate shown before a run (seconds).
START_S, SCENARIO_S, VERIFY_S, ROUND_OVERHEAD_S = 6.0, 5.0, 0.3, 0.35


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


@dataclass(frozen=True)
class Workload:
    """What the harness has to know of a scenario's card."""

    scenario: str
    title: str
    question: str
    needs: frozenset[str]  # "database", "upstream"
    exchanges: tuple[Exchange, ...]
    wait_ms: dict[str, float] = field(default_factory=dict)  # variant -> least time a request waits
    excused: dict[str, str] = field(default_factory=dict)  # contender -> why it cannot take part
    concurrency: int = 32  # the load level its card chose
    baseline: str = BASELINE

    def prefix(self, variant: str) -> str:
        """The path under which a variant answers."""
        return f"/{self.scenario}/{variant}/"


@dataclass(frozen=True)
class Cell:
    """Scenario × contender × load level."""

    scenario: str
    contender: Contender
    concurrency: int

    def __str__(self) -> str:
        return f"{self.scenario} {self.contender} c={self.concurrency}"


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a run does; two runs with equal plans do the same in the same order."""

    workloads: tuple[Workload, ...]
    contenders: tuple[Contender, ...]
    concurrencies: tuple[int, ...] = ()  # empty: each card's own level
    duration_s: float = 0.5
    warmup_s: float = 0.2
    rounds: int = 5
    seed: int = 1
    middleware: str = Middleware.DEFAULT
    database: str = "embedded"
    pool_size: int = 16  # connections per process, the same for all
    timeout_s: float = 10.0

    def levels(self, workload: Workload) -> tuple[int, ...]:
        """The numbers of connections a scenario is run with."""
        return self.concurrencies or (workload.concurrency,)

    def options(self) -> dict[str, Any]:
        """What a record keeps of the plan."""
        return {
            "contenders": [str(contender) for contender in self.contenders],
            "concurrencies": {workload.scenario: list(self.levels(workload)) for workload in self.workloads},
            "duration_s": self.duration_s,
            "warmup_s": self.warmup_s,
            "rounds": self.rounds,
            "middleware": str(self.middleware),
            "pool_size": self.pool_size,
            "timeout_s": self.timeout_s,
            "delay_ms": DEFAULT_DELAY_MS,  # of each upstream call
            "load": "closed loop",
        }

    def cells(self, workload: Workload) -> list[Cell]:
        return [
            Cell(workload.scenario, contender, concurrency)
            for concurrency in self.levels(workload)
            for contender in self.contenders
        ]

    def runnable(self, workload: Workload) -> list[Cell]:
        """The cells whose contender can take part."""
        return [cell for cell in self.cells(workload) if str(cell.contender) not in workload.excused]

    def schedule(self, workload: Workload, cells: Sequence[Cell]) -> Iterator[tuple[int, int, Cell]]:
        """(round, position, cell): every round runs all cells once, in an order of its own drawn from the seed."""
        for number in range(1, self.rounds + 1):
            order = list(cells)
            random.Random(f"{self.seed}/{workload.scenario}/{number}").shuffle(order)
            for position, cell in enumerate(order, start=1):
                yield number, position, cell

    def estimate_s(self) -> float:
        """About how long the run will take."""
        total_s = START_S
        for workload in self.workloads:
            cells = len(self.runnable(workload))
            rounds_s = self.rounds * (self.warmup_s + self.duration_s + ROUND_OVERHEAD_S)
            total_s += SCENARIO_S + cells * (VERIFY_S + rounds_s)
        return total_s
