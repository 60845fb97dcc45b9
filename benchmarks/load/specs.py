"""What is sent and what must come back: plain data that cards make, plans carry and the generator follows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

EVENT_END = b"\n\n"  # of a server-sent event: with it a browser hands the event over


@dataclass(frozen=True)
class Expectation:
    """What an answer must be. With ``body`` every byte is compared; else its length lies within the bounds.

    ``statements``, ``upstream_calls`` and ``cache_commands`` are what the request costs behind the server; they are
    counted before load. ``headers`` are compared before load too. ``chunks`` declares a stream of so many server-sent
    events, each ended by a blank line: how they were cut or joined on their way makes no answer wrong, and the moment
    each was whole is measured.
    """

    status: int = 200
    body: bytes | None = None
    min_bytes: int = 0
    max_bytes: int = 1 << 24
    media_type: str = "application/json"
    statements: int = 0
    upstream_calls: int = 0
    cache_commands: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    chunks: int = 0

    def complaint(self, status: int, body: bytes) -> str:
        """Why an answer is wrong: ``"status"``, ``"body"``, or ``""`` when it is right."""
        if status != self.status:
            return "status"
        if self.chunks and body.count(EVENT_END) != self.chunks:
            return "body"
        if self.body is not None:
            return "" if body == self.body else "body"
        return "" if self.min_bytes <= len(body) <= self.max_bytes else "body"


@dataclass(frozen=True)
class Exchange:
    """One request, relative to ``/<scenario>/<variant>/``, and the answer it must get.

    Requests of a ``group`` ("innocent", say) have a histogram of their own beside that of all.
    """

    query: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    expectation: Expectation = field(default_factory=Expectation)
    group: str = ""

    def target(self, prefix: str) -> str:
        """The request target under a variant's path."""
        return f"{prefix}?{self.query}" if self.query else prefix

    def encode(self, prefix: str, host: str) -> bytes:
        """The request as HTTP/1.1 bytes."""
        lines = [f"{self.method} {self.target(prefix)} HTTP/1.1", f"Host: {host}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Model(StrEnum):
    """Who decides when the next request is sent."""

    CLOSED = "closed loop"  # each connection sends when it has its answer
    OPEN = "open loop"  # arrivals come as they come, whatever was answered
    SILENT = "silent"  # connections are open and nothing is sent


class Arrivals(StrEnum):
    """How open-loop arrivals follow each other."""

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True)
class Phase:
    """A stretch of an open loop's window in which arrivals come at one rate."""

    rate_per_s: float
    duration_s: float


@dataclass(frozen=True)
class LoadSpec:
    """One round of load on one server.

    Closed loop: ``concurrency`` connections begin one after another over ``warmup_s``, and warm-up lasts until each
    has had an answer, at most ``warmup_limit_s``. Open loop: arrivals at the rates of ``phases``, whose durations add
    up to the window; ``concurrency`` bounds how many may be under way, and what finds that many is not sent but
    counted. Silent: ``concurrency`` connections, each after one answer.
    """

    host: str
    port: int
    prefix: str
    exchanges: str  # name of a list of exchanges that the generator was given
    concurrency: int
    warmup_s: float
    duration_s: float
    timeout_s: float
    seed: int
    model: Model = Model.CLOSED
    phases: tuple[Phase, ...] = ()
    arrivals: Arrivals = Arrivals.CONSTANT
    offset_s: float = 0.0  # of the first arrival, so that several generators together keep a constant pace
    begins_s: float = 0.0  # by the clock of perf_counter; 0: at once
    slices: int = 10  # equal parts of the window that are counted apart
    slice_histograms: bool = False
    warmup_limit_s: float = 8.0

    def split(self, parts: int) -> list[LoadSpec]:
        """The same load from ``parts`` generators, or fewer where there are not connections enough."""
        parts = min(parts, self.concurrency)
        return [
            replace(
                self,
                concurrency=self.concurrency // parts + (part < self.concurrency % parts),
                phases=tuple(replace(phase, rate_per_s=phase.rate_per_s / parts) for phase in self.phases),
                offset_s=part / self.phases[0].rate_per_s if self.phases else 0.0,
                seed=self.seed + part * 1_000_003,
            )
            for part in range(parts)
        ]
