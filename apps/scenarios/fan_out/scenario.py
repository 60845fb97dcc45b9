"""The card of ``fan_out``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.fan_out import work
from benchmarks.servers.base import Interface
from benchmarks.services.knowledge import DEFAULT_DELAY_MS, answer_value


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book; what each service knows about it is a function of its id."""
    book = dice.randrange(1, corpus.BOOKS + 1)
    legs = [{"service": service, "value": answer_value(service, book)} for service in work.SERVICES]
    body = json.dumps(work.page(book, legs)).encode()
    return Exchange(f"book={book}", expectation=Expectation(body=body, upstream_calls=len(work.SERVICES)))


SCENARIO = Scenario(
    name="fan_out",
    title="An answer built from ten calls to other services",
    question="Ten calls of 20 ms each: one after another, in threads, or all at once?",
    claims=("C3", "C4", "C5", "C8"),
    look_for=(
        "The sync variant waits for its ten calls one after another: at least 200 ms an answer, however many threads "
        "there are. The async variants wait for the slowest of ten. The wrapped variant spends ten threads on one "
        "answer, out of a pool of as many as gunicorn-threads has; those that Django starts come on top. async-aiohttp "
        "makes its calls with the aiohttp variant's client, whose calls cost a third of httpx's: what is left between "
        "these two is Django and its server."
    ),
    variants=(
        Variant("sync", "httpx.Client, one call after another", waits=len(work.SERVICES)),
        Variant("async", "httpx.AsyncClient on aiohttp's transport, gathered", waits=1, needs_lifespan=True),
        Variant("wrapped", "the sync calls in threads, gathered", waits=1, hops=10),
        Variant("aiohttp", "aiohttp's own client session, gathered", waits=1),
        Variant(
            "async-aiohttp",
            "Django, with the aiohttp variant's client session",
            waits=1,
            needs_lifespan=True,
            interfaces=frozenset({Interface.ASGI}),
        ),
    ),
    exchange=exchange,
    wait_ms=DEFAULT_DELAY_MS,
    longest_wait_ms=50.0,  # ten of them, one after the other, with their jitter, stay within the legs' deadline
    example="book=1",
    malformed=(
        "",
        "book=",
        "book=x",
        "book=-1",
        "book=0",
        "book=1e3",
        "book=1&book=2",
        "book=99999999999999999999",
        "book=%C2%B2",
    ),
    needs=frozenset({"upstream"}),
    concurrency=16,  # 160 calls under way; with 32 the slowest contender alone would take a minute to drain
)
