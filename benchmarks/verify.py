"""Equal work, proved: before load, every cell answers randomised requests and its statements and calls are counted."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message

from benchmarks.exceptions import StartError, VerificationFailed
from benchmarks.load.specs import Exchange
from benchmarks.plan import Cell, Workload
from benchmarks.servers.process import get

SAMPLES = 8
PARALLEL = 8
COUNTED = ("statements", "upstream_calls", "cache_commands")
TIMEOUT_S = 10.0
Counter = Callable[[], int | None]


@dataclass(frozen=True)
class Counters:
    """How much has happened behind the servers so far; a counter that cannot tell gives None."""

    statements: Counter = lambda: None
    upstream_calls: Counter = lambda: None
    cache_commands: Counter = lambda: None


def pick(exchanges: Sequence[Exchange], seed: object) -> list[Exchange]:
    """A random sample that has every expected status and every group in it."""
    sample = random.Random(f"verify/{seed}").sample(exchanges, min(SAMPLES, len(exchanges)))
    kinds = {_kind(exchange) for exchange in sample}
    for exchange in exchanges:
        if _kind(exchange) not in kinds:
            kinds.add(_kind(exchange))
            sample.append(exchange)
    return sample


def _kind(exchange: Exchange) -> tuple[int, str]:
    return exchange.expectation.status, exchange.group


def verify(workload: Workload, cell: Cell, port: int, counters: Counters, seed: object, primers: int = 1) -> list[str]:
    """Check one contender; returns what was proved, in words. Raises VerificationFailed with the difference.

    The sample goes before, so that what is cached is, and twice ``primers`` requests more, so that every worker process
    has opened its connections. Then the sample is sent at once and counted as a whole.
    """
    sample = pick(workload.exchanges_at(cell.point), f"{workload.scenario}/{seed}")
    prefix = workload.prefix(cell.contender.variant)
    with ThreadPoolExecutor(max_workers=PARALLEL) as executor:
        list(executor.map(lambda exchange: _send(port, exchange, prefix), [*sample, *sample[:1] * 2 * primers]))
        before = {name: getattr(counters, name)() for name in COUNTED}
        answers = list(executor.map(lambda exchange: _send(port, exchange, prefix), sample))
    for exchange, answer in zip(sample, answers, strict=True):
        _compare(exchange.target(prefix), exchange, answer)
    proved = [f"{len(sample)} randomised answers"]
    for name, was in before.items():
        expected_count = sum(getattr(exchange.expectation, name) for exchange in sample)
        now, what = getattr(counters, name)(), name.replace("_", " ")
        if was is None or now is None:
            proved += [f"{what} not counted here"] if expected_count else []
        elif now - was != expected_count:
            raise VerificationFailed(f"{prefix}: {now - was} {what} for {len(sample)} requests, not {expected_count}")
        else:
            proved.append(f"{expected_count} {what} for them")
    return proved


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Message
    body: bytes

    @property
    def media_type(self) -> str:
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip()


def _compare(target: str, exchange: Exchange, answer: Answer) -> None:
    """Raises VerificationFailed with what is wrong with an answer."""
    expected = exchange.expectation
    if complaint := expected.complaint(answer.status, answer.body):
        raise VerificationFailed(f"{target}: wrong {complaint}: {_difference(exchange, answer.status, answer.body)}")
    if answer.media_type != expected.media_type:
        raise VerificationFailed(f"{target}: media type {answer.media_type!r} instead of {expected.media_type!r}")
    for name, value in expected.headers:
        if (found := answer.headers.get(name)) != value:
            raise VerificationFailed(f"{target}: {name} is {found!r} instead of {value!r}")


def _send(port: int, exchange: Exchange, prefix: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(exchange.method, exchange.target(prefix), exchange.body or None, exchange.headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    except (OSError, http.client.HTTPException) as error:
        raise VerificationFailed(f"{exchange.target(prefix)}: no answer ({error or type(error).__name__})") from error
    finally:
        connection.close()


def _difference(exchange: Exchange, status: int, body: bytes) -> str:
    expected = exchange.expectation
    if status != expected.status:
        return f"{status} instead of {expected.status} ({_excerpt(body)})"
    if expected.body is None:
        return f"{len(body)} bytes instead of {expected.min_bytes} to {expected.max_bytes}"
    place = next(
        (i for i, (a, b) in enumerate(zip(body, expected.body, strict=False)) if a != b),
        min(len(body), len(expected.body)),
    )
    start = max(0, place - 20)
    return f"at byte {place} {_excerpt(body[start:])!r} instead of {_excerpt(expected.body[start:])!r}"


def _excerpt(body: bytes) -> str:
    return body[:80].decode(errors="replace") + ("…" if len(body) > 80 else "")


def upstream_counter(port: int) -> Counter:
    """Reads the upstream's own count of calls."""

    def read() -> int:
        try:
            return int(json.loads(get(port, "/_calls", timeout_s=TIMEOUT_S)[1])["calls"])
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise StartError(f"the upstream service does not answer any more: {error}") from error

    return read
