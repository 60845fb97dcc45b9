"""How fast the fast lane has to be: the table of the targets as data, for ``manage.py checkfastlane``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from benchmarks.plan import Contender
from benchmarks.servers import load_servers
from benchmarks.servers.base import Hosting, Server


class Figure(StrEnum):
    """What is found of a row's contenders."""

    RATIO = "×"  # of throughput, to another contender of the same run
    THREADS = "threads"  # of the server's process under load, less those at rest


@dataclass(frozen=True)
class Measure:
    """One figure, and what it has to be. ``seen`` is what a trial found before the fast lane was built."""

    ours: str
    theirs: str = ""  # the contender it is divided by; none where threads are counted
    at_least: float | None = None
    at_most: float | None = None  # of threads
    aim: float | None = None
    seen: str = ""

    @property
    def is_bound(self) -> bool:
        """Whether the command fails when it is not reached."""
        return self.at_least is not None or self.at_most is not None


@dataclass(frozen=True)
class Row:
    """One kind of work; its contenders are measured against each other in one run, their rounds interleaved."""

    name: str
    work: str
    scenario: str
    measures: tuple[Measure, ...]
    concurrency: int = 32
    settings: Mapping[str, float] = field(default_factory=dict)  # of the card, where they differ from its own
    figure: Figure = Figure.RATIO
    least_duration_s: float = 0.0  # of a window: where answers come in waves, one more or less must not matter
    most_rounds: int | None = None

    @property
    def contenders(self) -> tuple[Contender, ...]:
        names = (name for measure in self.measures for name in (measure.ours, measure.theirs) if name)
        return tuple(map(Contender.parse, dict.fromkeys(names)))


@dataclass(frozen=True)
class Setup:
    """A server with variables of its own for ``settings_under_test``, under a name of its own."""

    server: str
    variables: Mapping[str, str]
    summary: str

    def command(self, server: Server, hosting: Hosting) -> tuple[str, ...]:
        """The server's own, with the variables before it, so that the record of a run has them too."""
        return ("env", *(f"{name}={value}" for name, value in self.variables.items()), *server.command(hosting))


KEPT = {"CROSSOVER_POOL_SIZE": "0"}
SETUPS = {
    "uvicorn-fastlane-8": Setup("uvicorn-fastlane", {"CROSSOVER_FASTLANE_THREADS": "8"}, "FASTLANE_THREADS = 8"),
    "uvicorn-fastlane-kept": Setup("uvicorn-fastlane", KEPT, "CONN_MAX_AGE = None and no pool"),
    "gunicorn-threads-kept": Setup("gunicorn-threads", KEPT, "CONN_MAX_AGE = None and no pool"),
}


def servers() -> dict[str, Server]:
    """All there are, and those with variables of their own."""
    known = load_servers()
    return known | {
        name: replace(known[setup.server], name=name, command=_command_of(setup, known[setup.server]))
        for name, setup in SETUPS.items()
    }


def _command_of(setup: Setup, server: Server) -> Callable[[Hosting], tuple[str, ...]]:
    return lambda hosting: setup.command(server, hosting)


FAST, STOCK, THREADS, SIBLING = "uvicorn-fastlane", "uvicorn", "gunicorn-threads", "aiohttp@aiohttp"


def _one_row(name: str, words: str, stack: str) -> Row:
    fast, kept = f"async@{FAST}+{stack}", f"async@{FAST}-kept+{stack}"
    return Row(
        name,
        f"one row by primary key, PostgreSQL, {words}, pools of one size",
        "one_row",
        (
            Measure(fast, f"async@{STOCK}+{stack}", at_least=2.2, seen="2.2–2.3"),
            Measure(fast, f"sync@{THREADS}+{stack}", at_least=1.1, seen="1.1–1.18"),
            Measure(fast, SIBLING, aim=0.45, seen="0.41"),
            # Threads that keep their connections, which stock's cannot.
            Measure(kept, f"async@{STOCK}+{stack}"),
            Measure(kept, f"sync@{THREADS}-kept+{stack}"),
            Measure(kept, SIBLING),
        ),
    )


ROWS = (
    Row(
        "hello",
        "plaintext, no middleware",
        "plaintext",
        (
            Measure(f"async@{FAST}+none", f"async@{STOCK}+none", at_least=5.0, seen="6.0–6.4"),
            Measure(f"async@{FAST}+none", SIBLING, at_least=0.34, aim=0.42, seen="0.36–0.38"),
        ),
    ),
    Row(
        "hello-seven",
        "plaintext, startproject's seven middlewares",
        "plaintext",
        (
            Measure(f"async@{FAST}+default", f"async@{STOCK}+default", at_least=8.0, aim=10.0, seen="9.3–9.8"),
            Measure(f"async@{FAST}+default", f"sync@{THREADS}+default", at_least=1.5, aim=2.0, seen="1.7–1.8"),
        ),
    ),
    Row(
        "hello-sync",
        "plaintext from a sync view, startproject's seven middlewares",
        "plaintext",
        (Measure(f"sync@{FAST}+default", f"sync@{THREADS}+default", at_least=0.95, aim=1.1, seen="0.94–1.04"),),
    ),
    _one_row("one-row", "no middleware", "none"),
    _one_row("one-row-seven", "startproject's seven middlewares", "default"),
    Row(
        "asleep",
        "1,000 async requests asleep at once, startproject's seven middlewares",
        "slow_io",
        (Measure(f"async@{FAST}+default", at_most=0.0), Measure(f"async@{STOCK}+default", seen="1,000")),
        concurrency=1000,
        settings={"wait": 5000.0},
        figure=Figure.THREADS,
        least_duration_s=10.0,
        most_rounds=1,
    ),
    Row(
        "read-then-wait",
        "one ORM call, then 200 ms of await, no middleware",
        "read_then_wait",
        (
            # Threads of the fast lane that keep their connections, against the most that stock Django can do.
            Measure(f"async@{FAST}-kept+none", f"async@{STOCK}+none", at_least=1.0, seen="9"),
            # With the pool both have 16 connections, and the wait bounds both to 80 requests/s: a hundredth less than
            # stock is chance, the trap (a lease held from a fixed pool of threads) would be 0.5.
            Measure(f"async@{FAST}+none", f"async@{STOCK}+none", at_least=0.95),
        ),
        concurrency=200,
        least_duration_s=2.0,
    ),
    Row(
        "released",
        "the same with release_thread() before the wait, on 8 threads",
        "read_then_wait",
        (Measure(f"async-released@{FAST}-8+none", f"async-released@{STOCK}+none", aim=10.0, seen="12"),),
        concurrency=200,
        least_duration_s=2.0,
    ),
    Row(
        "fan-out",
        "ten calls with aiohttp's client on either side, no middleware",
        "fan_out",
        (Measure(f"async-aiohttp@{FAST}+none", SIBLING, at_least=0.8, aim=0.9),),
        concurrency=100,
    ),
    Row(
        "fan-out-seven",
        "ten calls with aiohttp's client on either side, startproject's seven middlewares",
        "fan_out",
        (Measure(f"async-aiohttp@{FAST}+default", SIBLING, at_least=0.8, aim=0.9),),
        concurrency=100,
    ),
)
