"""Equal work, proved: before load, every cell answers randomised requests and its statements and calls are counted."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.exceptions import VerificationFailed
from benchmarks.load.specs import Exchange
from benchmarks.plan import Workload
from benchmarks.servers.process import get

SAMPLES = 8
TIMEOUT_S = 10.0
Counter = Callable[[], int | None]


@dataclass(frozen=True)
class Counters:
    """How much has happened behind the servers so far; a counter that cannot tell gives None."""

    statements: Counter = lambda: None
    upstream_calls: Counter = lambda: None


def pick(workload: Workload, seed: object) -> list[Exchange]:
    """A random sample that has every expected status in it."""
    dice = random.Random(f"verify/{workload.scenario}/{seed}")
    sample = dice.sample(workload.exchanges, min(SAMPLES, len(workload.exchanges)))
    for status in {exchange.expectation.status for exchange in workload.exchanges}:
        if status not in {exchange.expectation.status for exchange in sample}:
            sample.append(next(item for item in workload.exchanges if item.expectation.status == status))
    return sample


def verify(
    workload: Workload, variant: str, port: int, counters: Counters, seed: object, primers: int = 1
) -> list[str]:
    """Check one contender; returns what was proved, in words. Raises VerificationFailed with the difference.

    ``primers`` requests go first, so that every worker process has opened its connections.
    """
    sample, prefix = pick(workload, seed), workload.prefix(variant)
    for _ in range(primers):
        _send(port, sample[0], prefix)
    counted = {"statements": False, "upstream_calls": False}
    for exchange in sample:
        before = {name: getattr(counters, name)() for name in counted}
        status, media_type, body = _send(port, exchange, prefix)
        target, expected = exchange.target(prefix), exchange.expectation
        if complaint := expected.complaint(status, body):
            raise VerificationFailed(f"{target}: wrong {complaint}: {_difference(exchange, status, body)}")
        if media_type != expected.media_type:
            raise VerificationFailed(f"{target}: media type {media_type!r} instead of {expected.media_type!r}")
        for name, was in before.items():
            now = getattr(counters, name)()
            if was is None or now is None:
                continue
            counted[name] = True
            if now - was != getattr(expected, name):
                what = name.replace("_", " ")
                raise VerificationFailed(f"{target}: {now - was} {what} instead of {getattr(expected, name)}")
    proved = [f"{len(sample)} randomised answers"]
    for name in counted:
        counts = sorted({getattr(exchange.expectation, name) for exchange in sample})
        if counted[name]:
            proved.append(f"{' or '.join(map(str, counts))} {name.replace('_', ' ')} a request")
        elif any(counts):
            proved.append(f"{name.replace('_', ' ')} not counted here")
    return proved


def _send(port: int, exchange: Exchange, prefix: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(exchange.method, exchange.target(prefix), exchange.body or None, exchange.headers)
        response = connection.getresponse()
        media_type = response.getheader("Content-Type", "").partition(";")[0].strip()
        return response.status, media_type, response.read()
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
    place = next((i for i, (a, b) in enumerate(zip(body, expected.body, strict=False)) if a != b), min(len(body), len(expected.body)))
    start = max(0, place - 20)
    return f"at byte {place} {_excerpt(body[start:])!r} instead of {_excerpt(expected.body[start:])!r}"


def _excerpt(body: bytes) -> str:
    return body[:80].decode(errors="replace") + ("…" if len(body) > 80 else "")


def upstream_counter(port: int) -> Counter:
    """Reads the upstream's own count of calls."""

    def read() -> int:
        return int(json.loads(get(port, "/_calls", timeout_s=TIMEOUT_S)[1])["calls"])

    return read
