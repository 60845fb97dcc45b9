"""What is sent and what must come back: plain data that cards make, plans carry and the generator follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Expectation:
    """What an answer must be. With ``body`` every byte is compared; else its length lies within the bounds.

    ``statements`` and ``upstream_calls`` are what the request costs behind the server; they are counted before load.
    """

    status: int = 200
    body: bytes | None = None
    min_bytes: int = 0
    max_bytes: int = 1 << 24
    media_type: str = "application/json"
    statements: int = 0
    upstream_calls: int = 0

    def complaint(self, status: int, body: bytes) -> str:
        """Why an answer is wrong: ``"status"``, ``"body"``, or ``""`` when it is right."""
        if status != self.status:
            return "status"
        if self.body is not None:
            return "" if body == self.body else "body"
        return "" if self.min_bytes <= len(body) <= self.max_bytes else "body"


@dataclass(frozen=True)
class Exchange:
    """One request, relative to ``/<scenario>/<variant>/``, and the answer it must get."""

    query: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    expectation: Expectation = field(default_factory=Expectation)

    def target(self, prefix: str) -> str:
        """The request target under a variant's path."""
        return f"{prefix}?{self.query}" if self.query else prefix

    def encode(self, prefix: str, host: str) -> bytes:
        """The request as HTTP/1.1 bytes."""
        lines = [f"{self.method} {self.target(prefix)} HTTP/1.1", f"Host: {host}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class LoadSpec:
    """One round of closed-loop load: ``concurrency`` connections, each sends its next request after an answer.

    Connections begin one after another over ``warmup_s``; warm-up lasts until each has had an answer, at most
    ``warmup_limit_s``.
    """

    host: str
    port: int
    prefix: str
    exchanges: Sequence[Exchange]
    concurrency: int
    warmup_s: float
    duration_s: float
    timeout_s: float
    seed: int
    warmup_limit_s: float = 8.0


@dataclass(frozen=True)
class LoadResult:
    """What came of a LoadSpec: sent + in_flight_before = succeeded + failed + in_flight_after, within the window."""

    window_s: float
    sent: int
    in_flight_before: int
    in_flight_after: int
    succeeded: int
    errors: dict[str, int]
    warmed_up: bool
    histogram: dict[int, int]  # bucket -> count, see stats.histogram

    @property
    def failed(self) -> int:
        return sum(self.errors.values())
