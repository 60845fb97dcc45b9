"""The card of ``cached``."""

from __future__ import annotations

import json
import random

from apps.scenarios.cached import work
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from benchmarks.services.knowledge import answer_value

HIGHEST_RATING, SCALE = 5, 10_000


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book and item; what is known of a book is a function of its number."""
    book, item = dice.randrange(1, work.BOOKS + 1), dice.randrange(1, 1_000_000)
    facts = {
        "book": book,
        "item": item,
        "price": answer_value("price", book),
        "stock": answer_value("stock", book),
        "rating": answer_value("rating", book) * HIGHEST_RATING / SCALE,
    }
    return Exchange(
        f"book={book}&item={item}", expectation=Expectation(body=json.dumps(facts).encode(), cache_commands=4)
    )


SCENARIO = Scenario(
    name="cached",
    title="Three keys read, one written",
    question="A cache answers in microseconds: what is left of that through Django's async methods?",
    claims=("C10",),
    look_for=(
        "Every a-method of Django's cache is its sync method in a thread, for LocMem as for Redis: four hops a "
        "request, each of which costs more than the cache itself. One sync_to_async around all four costs one. LocMem "
        "is a dict in each process and waits for nothing. Redis is a short wait, and for that Django's own backend "
        "would open a connection for every request under ASGI: here all contenders share a pool in each process."
    ),
    variants=(
        Variant("sync", "cache.get and cache.set"),
        Variant("async", "cache.aget and cache.aset, each of which uses a thread", hops=4),
        Variant("wrapped", "the sync calls behind one sync_to_async", hops=1),
        Variant("aiohttp", "redis.asyncio, or a dict that pickles as LocMem does"),
    ),
    exchange=exchange,
    needs=frozenset({"cache"}),
    example="book=7&item=123",
    malformed=(
        "",
        "book=7",
        "item=123",
        "book=0&item=123",
        "book=101&item=123",
        "book=-1&item=123",
        "book=x&item=123",
        "book=1.5&item=123",
        "book=7&book=8&item=123",
        "book=7&item=0",
        "book=7&item=x",
        "book=7&item=99999999999999999999",
        "book=7&item=1&item=1",
    ),
)
