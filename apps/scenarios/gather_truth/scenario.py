"""The card of ``gather_truth``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.gather_truth import work
from benchmarks.axes import plain
from benchmarks.servers.base import Interface
from benchmarks.services.knowledge import DEFAULT_DELAY_MS, answer_value


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book, and of every two about one asks the database and one the services."""
    book, of = dice.randrange(1, corpus.BOOKS + 1), dice.choice((work.QUERIES, work.CALLS))
    if of == work.CALLS:
        calls: list[dict[str, object]] = [
            {"service": service, "value": answer_value(service, book)} for service in work.SERVICES
        ]
        expectation = Expectation(body=encode(book, calls), upstream_calls=len(calls))
        return Exchange(f"book={book}&of={of}", expectation=expectation, group=of)
    row = corpus.book(book)
    facts: list[dict[str, object]] = [
        {"fact": "title", "value": row.title},
        {"fact": "isbn", "value": row.isbn},
        {"fact": "price_cents", "value": row.price_cents},
        {"fact": "published_on", "value": row.published_on.isoformat()},
        {"fact": "author_id", "value": row.author_id},
    ]
    expectation = Expectation(body=encode(book, facts), statements=len(facts))
    return Exchange(f"book={book}&of={of}&wait={plain(settings['wait'])}", expectation=expectation, group=of)


def encode(book: int, legs: list[dict[str, object]]) -> bytes:
    return json.dumps({"book": book, "legs": legs}).encode()


SCENARIO = Scenario(
    name="gather_truth",
    title="Five at once, or so the code says",
    question="asyncio.gather over five queries and over five calls: which of the two is really at once?",
    claims=("C5", "C10"),
    look_for=(
        "The latencies of queries and of calls, apart. The async variant's five calls take as long as the slowest one; "
        "its five queries take as long as five, gathered or not, for all ORM calls of a request run in that request's "
        "one thread. async-serial writes the same without gather: its queries are as fast, its calls are not. aiohttp "
        "gathers queries as well, on five database connections for one request."
    ),
    variants=(
        Variant("sync", "one after another", waits=5, needs_postgresql=True),
        Variant(
            "async",
            "asyncio.gather over five ORM coroutines, or over five calls",
            waits=1,  # of the calls: the least a request can wait
            hops=5,
            needs_postgresql=True,
            needs_lifespan=True,
        ),
        Variant("wrapped", "the sync work behind one sync_to_async", waits=5, hops=1, needs_postgresql=True),
        Variant(
            "aiohttp", "asyncio.gather over five pooled connections, or five calls", waits=1, needs_postgresql=True
        ),
        Variant(
            "async-serial",
            "awaits one after another",
            waits=5,
            hops=5,
            needs_postgresql=True,
            needs_lifespan=True,
            interfaces=frozenset({Interface.ASGI}),
        ),
    ),
    exchange=exchange,
    wait_ms=DEFAULT_DELAY_MS,
    longest_wait_ms=work.LONGEST_WAIT_MS,
    needs=frozenset({"database", "upstream"}),
    example="book=7&of=calls",  # of queries, the showcase on SQLite could only say that it has no pg_sleep
    malformed=(
        "",
        "book=7",
        "of=calls",
        "book=7&of=",
        "book=7&of=both",
        "book=7&of=calls&of=calls",
        "book=0&of=calls",
        "book=x&of=calls",
        "book=7&of=queries",
        "book=7&of=queries&wait=",
        "book=7&of=queries&wait=-1",
        "book=7&of=queries&wait=nan",
        "book=7&of=queries&wait=51",
        "book=7&of=queries&wait=5&wait=5",
        "book=99999999999999999999&of=queries&wait=5",
    ),
    concurrency=8,
    pool_size=40,  # five for each connection to the server: whoever can send five queries at once finds room for them
    contenders=(
        "sync@gunicorn-threads",
        "wrapped@uvicorn",
        "async-serial@uvicorn",
        "async@uvicorn",
        "aiohttp@aiohttp",
    ),
)
