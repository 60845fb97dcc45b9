"""The card of ``slow_query``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.slow_query import work
from benchmarks.axes import plain


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book, and how long the query about it shall take."""
    number, wait_ms = dice.randrange(1, corpus.BOOKS + 1), settings["wait"]
    body = json.dumps(work.answer(corpus.book(number), float(wait_ms))).encode()
    return Exchange(f"book={number}&wait={plain(wait_ms)}", expectation=Expectation(body=body, statements=2))


SCENARIO = Scenario(
    name="slow_query",
    title="A slow query",
    question="The database takes 50 ms for a query: what does async gain?",
    claims=("C1", "C4"),
    look_for=(
        "The columns of database connections, open and busy. A query under way holds one, whatever the framework: "
        "that is the ceiling which async does not lift, and here there are as many as clients, so that it is the "
        "processes' and threads' ceilings that differ. In Django the async variant holds a thread as well, for there "
        "the ORM works; aiohttp waits on the connection's socket. Ask for more clients than connections, and all "
        "contenders queue for the pool alike."
    ),
    variants=(
        Variant("sync", "two ORM queries, of which one sleeps", waits=1, needs_postgresql=True),
        Variant(
            "async", "the same with a-methods, each of which holds a thread", waits=1, hops=2, needs_postgresql=True
        ),
        Variant("wrapped", "the sync queries behind one sync_to_async", waits=1, hops=1, needs_postgresql=True),
        Variant("aiohttp", "the same SQL on psycopg's async pool", waits=1, needs_postgresql=True),
    ),
    exchange=exchange,
    wait_ms=50.0,
    longest_wait_ms=work.LONGEST_WAIT_MS,
    example="book=1&wait=20",
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
    pool_size=32,  # as many as connections to the server, so that the pool is not what bounds it
    wait_holds_connection=True,
)
