"""The card of ``one_row``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.one_row import work


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book."""
    number = dice.randrange(1, corpus.BOOKS + 1)
    body = json.dumps(work.answer(corpus.book(number))).encode()
    return Exchange(f"book={number}", expectation=Expectation(body=body, statements=1))


SCENARIO = Scenario(
    name="one_row",
    title="One row by its primary key",
    question="The smallest question there is for a database: what does the way to it and back cost?",
    claims=("C4", "C10"),
    look_for=(
        "CPU per request, of the server and of the database beside it: most of it is the ORM's own Python, to ask and "
        "to make an object of the answer. Under ASGI Django asks from a thread: stock Django starts one for every "
        "request, which takes its connection out of the pool and puts it back; the fast lane has some at hand."
    ),
    variants=(
        Variant("sync", "one ORM get"),
        Variant("async", "one ORM aget, which uses a thread", hops=1),
        Variant("wrapped", "the sync get behind one sync_to_async", hops=1),
        Variant("aiohttp", "the same SQL on psycopg's async pool", needs_postgresql=True),
    ),
    exchange=exchange,
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
    needs=frozenset({"database"}),
)
