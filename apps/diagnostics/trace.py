"""What one request did between its event loop and its threads: plain data. All moments are seconds of ``monotonic``."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

NOTHING_S = 20e-6  # steps with less between them are drawn, and told, as one


@dataclass(slots=True)
class Crossing:
    """One function that the loop handed to a thread, and waited for."""

    function: str  # qualified name, its module apart
    module: str
    asked_s: float
    started_s: float | None = None  # None: it never began, or began where it could not be seen
    ended_s: float | None = None
    back_s: float | None = None  # when the loop went on with the request
    thread: str = ""
    ident: int = 0
    fresh: bool = False  # the thread was started for it


@dataclass(slots=True)
class Query:
    """One SQL statement: its first word and its table, never its parameters."""

    what: str
    started_s: float
    ended_s: float
    thread: str
    ident: int


@dataclass
class Trace:
    """Crossings in the order in which they were asked for, queries in the order in which they ended.

    ``steps`` are the stretches, from and to, in which one of its tasks computed on the loop, in any order.
    """

    crossings: list[Crossing] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    steps: list[tuple[float, float]] = field(default_factory=list)
    problem: str = ""  # why what happened cannot be drawn

    def told(self, origin_s: float) -> dict[str, Any]:
        """As JSON, in milliseconds since ``origin_s``."""

        def since(moment_s: float | None) -> float | None:
            return None if moment_s is None else round((moment_s - origin_s) * 1000, 3)

        return {
            "crossings": [
                {
                    "function": one.function,
                    "module": one.module,
                    "asked_ms": since(one.asked_s),
                    "started_ms": since(one.started_s),
                    "ended_ms": since(one.ended_s),
                    "back_ms": since(one.back_s),
                    "thread": one.thread,
                    "ident": one.ident,
                    "fresh": one.fresh,
                }
                for one in self.crossings
            ],
            "queries": [
                {
                    "what": one.what,
                    "started_ms": since(one.started_s),
                    "ended_ms": since(one.ended_s),
                    "thread": one.thread,
                    "ident": one.ident,
                }
                for one in self.queries
            ],
            "steps": [[since(began_s), since(ended_s)] for began_s, ended_s in self.computing()],
            "problem": self.problem,
        }

    def computing(self) -> list[tuple[float, float]]:
        """Its steps one after another, those that touch as one."""
        found: list[tuple[float, float]] = []
        for began_s, ended_s in sorted(self.steps):
            if found and began_s - found[-1][1] < NOTHING_S:
                found[-1] = found[-1][0], max(found[-1][1], ended_s)
            else:
                found.append((began_s, ended_s))
        return found


current: ContextVar[Trace | None] = ContextVar("crossover_trace", default=None)
