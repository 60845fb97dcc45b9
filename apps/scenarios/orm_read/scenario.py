"""The card of ``orm_read``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.orm_read import work

MISSING_SHARE = 0.01


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random book; one in a hundred does not exist."""
    if dice.random() < MISSING_SHARE:
        number = corpus.BOOKS + dice.randrange(1, 1000)
        body = json.dumps(work.NO_BOOK).encode()
        return Exchange(f"book={number}", expectation=Expectation(status=404, body=body, statements=1))
    number = dice.randrange(1, corpus.BOOKS + 1)
    return Exchange(f"book={number}", expectation=Expectation(body=json.dumps(page(number)).encode(), statements=3))


def page(number: int) -> dict[str, object]:
    """The right answer, from the corpus and not from any database."""
    book, reviews = corpus.book(number), corpus.reviews(number)
    latest = sorted(reviews, key=lambda review: (review.created_on, review.id), reverse=True)[: work.LATEST]
    rating = sum(review.stars for review in reviews) / len(reviews) if reviews else None
    return work.page(book, corpus.author(book.author_id).name, latest, rating)


SCENARIO = Scenario(
    name="orm_read",
    title="A page out of the database",
    question="Three short queries on a fast database beside the server: does async pay?",
    claims=("C4", "C8", "C10"),
    look_for=(
        "The ORM's own Python is most of the work, and it is the same in every Django variant. Under ASGI each query "
        "also travels to a thread and back. aiohttp sends the same SQL over psycopg's async pool, with no ORM at all."
    ),
    variants=(
        Variant("sync", "three ORM queries"),
        Variant("async", "the same with the ORM's a-methods, each of which uses a thread", hops=3),
        Variant("wrapped", "the sync queries behind one sync_to_async", hops=1),
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
