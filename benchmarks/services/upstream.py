"""The upstream: other teams' microservices, with latency, jitter, failures and faults that can be asked for.

``GET /<service>/<book>`` answers after ``delay × (1 + jitter × X)``, X lognormal with mean 1, drawn from the seed, the
service and the book: the same leg is equally slow for every contender, and never faster than ``delay``.

    python -m benchmarks.services.upstream --port 8900 --delay-ms 20 --jitter 0.1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from time import monotonic

from aiohttp import web

from benchmarks.services.knowledge import DEFAULT_DELAY_MS, DEFAULT_JITTER, DEFAULT_PORT, SERVICES, answer_value
from benchmarks.services.listening import add_listen_options, run_app

DRIP_INTERVAL_S = 0.2
HANG_S = 30.0
LONGEST_DELAY_MS = 1e6
JOURNAL_CALLS = 2000


class Fault(StrEnum):
    """What can be wrong with a service that is up."""

    DRIP = "drip"  # one byte at a time: every single read is in time, the whole never
    HANG = "hang"  # accepts, never answers
    RESET = "reset"  # cuts the connection instead of answering
    SHORT = "short"  # announces more bytes than it sends
    NULL = "null"  # answers 200 with JSON of another shape
    REDIRECT = "redirect"  # sends the caller elsewhere
    TRICKLE = "trickle"  # like drip, but it is the headers that come one byte at a time


@dataclass(frozen=True)
class Behaviour:
    """How the upstream behaves. ``faults`` are (service, fault) pairs."""

    delay_ms: float = DEFAULT_DELAY_MS
    jitter: float = DEFAULT_JITTER
    failure_rate: float = 0.0
    faults: tuple[tuple[str, Fault], ...] = ()
    seed: int = 1


@lru_cache(maxsize=1 << 17)
def draw(behaviour: Behaviour, service: str, book: int) -> tuple[float, bool]:
    """Seconds until the answer, and whether it is a failure (503)."""
    dice = random.Random(f"{behaviour.seed}/{service}/{book}")
    stretch = 1.0 + behaviour.jitter * dice.lognormvariate(-0.5, 1.0)  # exp(-0.5 + 1/2) = mean 1
    return behaviour.delay_ms / 1000.0 * stretch, dice.random() < behaviour.failure_rate


async def drip(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await response.prepare(request)
    for position in range(len(body)):
        await response.write(body[position : position + 1])
        await asyncio.sleep(DRIP_INTERVAL_S)
    return response


async def hang(request: web.Request, body: bytes) -> web.StreamResponse:
    await asyncio.sleep(HANG_S)
    return web.Response(status=504)


async def reset(request: web.Request, body: bytes) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


async def short(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


async def null(request: web.Request, body: bytes) -> web.StreamResponse:
    return web.json_response(None)


async def redirect(request: web.Request, body: bytes) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/_calls"})


async def trickle(request: web.Request, body: bytes) -> web.StreamResponse:
    assert request.transport is not None
    for byte in b"HTTP/1.1 200 OK\r\nX-Patience: " + b"x" * 1000:
        request.transport.write(bytes([byte]))
        await asyncio.sleep(DRIP_INTERVAL_S)
    return web.Response()


FAULTS: dict[Fault, Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]] = {
    Fault.DRIP: drip,
    Fault.HANG: hang,
    Fault.RESET: reset,
    Fault.SHORT: short,
    Fault.NULL: null,
    Fault.REDIRECT: redirect,
    Fault.TRICKLE: trickle,
}


class Journal:
    """The last calls that were answered, and when; noting one costs a tenth of a microsecond."""

    def __init__(self) -> None:
        self.entries: deque[tuple[str, int, float, float]] = deque(maxlen=JOURNAL_CALLS)  # service, book, began, ended

    async def tell(self, request: web.Request) -> web.Response:
        try:
            since_s = float(request.query.get("since", "0"))
        except ValueError:
            return web.json_response({"error": "since is a moment in seconds, like ?since=12.5"}, status=400)
        found = [
            {"service": service, "book": book, "began_s": began_s, "ended_s": ended_s}
            for service, book, began_s, ended_s in self.entries
            if began_s >= since_s
        ]
        return web.json_response({"calls": found})


def make_app(behaviour: Behaviour, nonce: str = "") -> web.Application:
    """The upstream as an aiohttp application; ``/_calls`` tells how many calls it has answered, ``/_delay/5`` makes
    the next ones take 5 ms, ``/_journal?since=S`` lists the last calls that began after S, a moment of ``monotonic``:
    one clock for all processes of a machine, on Linux and macOS."""
    calls, faults, journal = 0, dict(behaviour.faults), Journal()
    now = behaviour

    async def serve(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        service, book = request.match_info["service"], int(request.match_info["book"])
        if service not in SERVICES:
            return web.json_response({"error": f"no such service; there are {', '.join(SERVICES)}"}, status=404)
        calls += 1
        began_s = monotonic()
        delay_s, fails = draw(now, service, book)
        await asyncio.sleep(delay_s)
        journal.entries.append((service, book, began_s, monotonic()))
        body = json.dumps({"service": service, "value": answer_value(service, book)}).encode()
        if service in faults:
            return await FAULTS[faults[service]](request, body)
        if fails:
            return web.json_response({"error": "out of order"}, status=503)
        return web.Response(body=body, content_type="application/json")

    async def tell_calls(request: web.Request) -> web.Response:
        return web.json_response({"calls": calls})

    async def set_delay(request: web.Request) -> web.Response:
        nonlocal now
        try:
            delay_ms = float(request.match_info["delay_ms"])
        except ValueError:
            delay_ms = -1.0
        if not 0 <= delay_ms < LONGEST_DELAY_MS:
            return web.json_response(
                {"error": f"a delay is a number of milliseconds below {LONGEST_DELAY_MS:g}"}, status=400
            )
        now = replace(now, delay_ms=delay_ms)
        return web.json_response({"delay_ms": delay_ms})

    async def tell_identity(request: web.Request) -> web.Response:
        return web.json_response({"nonce": nonce})

    app = web.Application()
    app.add_routes(
        [
            web.get("/_calls", tell_calls),
            web.get("/_journal", journal.tell),
            web.get("/_delay/{delay_ms}", set_delay),
            web.get("/_identity/", tell_identity),
            web.get(r"/{service}/{book:\d+}", serve),
        ]
    )
    return app


def parse_fault(text: str) -> tuple[tuple[str, ...], Fault]:
    """An argparse type: ``drip:price`` or ``hang``, which hits all services."""
    name, _, service = text.partition(":")
    if name not in list(Fault) or service not in ("", *SERVICES):
        raise argparse.ArgumentTypeError(f"{text!r} is not FAULT or FAULT:SERVICE, like drip:price")
    return (service,) if service else SERVICES, Fault(name)


def main(argv: list[str] | None = None) -> None:
    """Command line of the upstream service."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.services.upstream", description=__doc__)
    add_listen_options(parser, DEFAULT_PORT)
    parser.add_argument("--delay-ms", type=float, default=DEFAULT_DELAY_MS, help="least time to an answer")
    parser.add_argument("--jitter", type=float, default=DEFAULT_JITTER, help="mean extra time, as a share of the delay")
    parser.add_argument("--failure-rate", type=float, default=0.0, help="share of legs that answer 503")
    parser.add_argument(
        "--fault",
        type=parse_fault,
        action="append",
        default=[],
        metavar="FAULT[:SERVICE]",
        help=f"{', '.join(Fault)}; of one service or of all ({', '.join(SERVICES)}); may be given several times",
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    if (
        not 0 <= options.delay_ms < LONGEST_DELAY_MS
        or not 0 <= options.jitter < 1e3
        or not 0 <= options.failure_rate <= 1
    ):
        parser.error("delay and jitter must not be negative, the failure rate lies between 0 and 1")
    behaviour = Behaviour(
        delay_ms=options.delay_ms,
        jitter=options.jitter,
        failure_rate=options.failure_rate,
        faults=tuple((service, fault) for services, fault in options.fault for service in services),
        seed=options.seed,
    )
    if options.fd is None:
        print(f"upstream on http://{options.host}:{options.port}, {options.delay_ms:g} ms a call", flush=True)
    app = make_app(behaviour, os.environ.get("CROSSOVER_NONCE", ""))
    run_app(app, fd=options.fd, host=options.host, port=options.port)


if __name__ == "__main__":
    main()
