"""The card of ``read_then_wait``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.read_then_wait import work
from benchmarks.axes import plain
from benchmarks.servers.base import Interface


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book, and how long is to be waited after it was read."""
    number, wait_ms = dice.randrange(1, corpus.BOOKS + 1), settings["wait"]
    body = json.dumps(work.answer(number, corpus.book(number).title, float(wait_ms))).encode()
    return Exchange(f"book={number}&wait={plain(wait_ms)}", expectation=Expectation(body=body, statements=1))


SCENARIO = Scenario(
    name="read_then_wait",
    title="A row, then a wait",
    question="Read a row, then wait 200 ms for something else: who can use thread and connection meanwhile?",
    claims=("C3", "C4", "C10"),
    look_for=(
        "The columns of threads and of database connections. Django gives a connection back when the request ends, so "
        "that a request which only waits still holds one: with as many connections as the pool has, the wait bounds "
        "sync and async alike. async-released gives thread and connection back to the fast lane before it waits; "
        "on stock Django, which has nothing to give back to, it does what async does. aiohttp's view leaves its "
        "connection before the wait by itself."
    ),
    variants=(
        Variant("sync", "an ORM get, then time.sleep", waits=1),
        Variant("async", "an ORM aget, which uses a thread, then asyncio.sleep", waits=1, hops=1),
        Variant("wrapped", "the sync work behind one sync_to_async", waits=1, hops=1),
        Variant("aiohttp", "the same SQL on psycopg's async pool, then asyncio.sleep", waits=1, needs_postgresql=True),
        Variant(
            "async-released",
            "the async variant, with release_thread before the wait",
            waits=1,
            hops=1,
            interfaces=frozenset({Interface.ASGI}),
        ),
    ),
    exchange=exchange,
    wait_ms=200.0,
    longest_wait_ms=work.LONGEST_WAIT_MS,
    example="book=1&wait=200",
    malformed=(
        "",
        "book=1",
        "wait=5",
        "book=1&wait=",
        "book=1&wait=-1",
        "book=1&wait=nan",
        "book=1&wait=1e3",
        "book=1&wait=5001",
        "book=1&wait=5&wait=6",
        "book=0&wait=5",
        "book=%C2%B2&wait=5",
        "book=99999999999999999999&wait=5",
    ),
    needs=frozenset({"database"}),
    concurrency=64,  # four times as many as connections to the database
    contenders=(
        "sync@gunicorn-threads",
        "wrapped@uvicorn",
        "async@uvicorn",
        "async@uvicorn-fastlane",
        "async-released@uvicorn-fastlane",
        "aiohttp@aiohttp",
    ),
)
