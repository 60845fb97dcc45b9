"""The card of ``orm_list``."""

from __future__ import annotations

import json
import random
from functools import cache
from html import escape

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.orm_list import work

PAGES = corpus.BOOKS // work.BOOKS_PER_PAGE
MISSING_SHARE = 0.01


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random page; one in a hundred is beyond the end."""
    if dice.random() < MISSING_SHARE:
        number = PAGES + dice.randrange(1, 1000)
        body = json.dumps(work.NO_PAGE).encode()
        return Exchange(f"page={number}", expectation=Expectation(status=404, body=body, statements=1))
    number = dice.randrange(1, PAGES + 1)
    expectation = Expectation(body=page(number), media_type="text/html", statements=2)
    return Exchange(f"page={number}", expectation=expectation)


@cache
def page(number: int) -> bytes:
    """The right answer, from the corpus and without any template."""
    last = number * work.BOOKS_PER_PAGE
    items = "".join(map(item, range(last - work.BOOKS_PER_PAGE + 1, last + 1)))
    return (
        '<!doctype html>\n<html lang="en">\n'
        f'<head><meta charset="utf-8"><title>Books, page {number}</title></head>\n'
        f"<body>\n<h1>Books, page {number}</h1>\n<ol>\n{items}</ol>\n</body>\n</html>\n"
    ).encode()


def item(number: int) -> str:
    book = corpus.book(number)
    author, (euros, cents) = corpus.author(book.author_id), divmod(book.price_cents, 100)
    tags = "".join(f" <span>{escape(tag.name)}</span>" for tag in corpus.tags(number))
    line = f"<cite>{escape(book.title)}</cite> by {escape(author.name)}, {euros}.{cents:02} €{tags}"
    return f'<li value="{number}">{line}</li>\n'


SCENARIO = Scenario(
    name="orm_list",
    title="A page of fifty books as HTML",
    question="Fifty rows through the ORM and a template: what is there left to await?",
    claims=("C8", "C10"),
    look_for=(
        "The time is Python's: making fifty objects with their authors and tags, and rendering them. Templates have no "
        "async form, so the async variant awaits one fetch and then renders on the event loop, which serves nobody "
        "else meanwhile; the wrapped one renders in its thread. aiohttp renders rows of SQL with Jinja2, which "
        "compiles its templates to Python."
    ),
    variants=(
        Variant("sync", "two ORM queries and a template"),
        Variant("async", "the queries in a thread, the template on the event loop", hops=1),
        Variant("wrapped", "queries and template behind one sync_to_async", hops=1),
        Variant("aiohttp", "the same SQL on psycopg's async pool, and Jinja2", needs_postgresql=True),
    ),
    exchange=exchange,
    example="page=1",
    malformed=(
        "",
        "page=",
        "page=x",
        "page=-1",
        "page=0",
        "page=1e3",
        "page=1&page=2",
        "page=99999999999999999999",
        "page=%C2%B2",
    ),
    needs=frozenset({"database"}),
)
