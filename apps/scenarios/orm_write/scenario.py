"""The card of ``orm_write``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.orm_write import work

BESTSELLERS = 200  # few, so that orders want the same rows; the small catalog has them too
MISSING_SHARE = 0.01
LOOKED_UP = 3  # BEGIN, the locking SELECT, COMMIT
PLACED = 6  # and UPDATE, two INSERTs
FOREIGN_KEYS = 2  # of an order line; for each PostgreSQL itself runs one statement at COMMIT
AUDIT = """
    SELECT concat('book ', stock.book_id, ': ', stock.delivered, ' delivered, ', stock.available, ' available and ',
                  coalesce(sold.copies, 0), ' ordered')
    FROM catalog_stock AS stock
    LEFT JOIN (SELECT book_id, sum(quantity) AS copies FROM catalog_orderline GROUP BY book_id) AS sold USING (book_id)
    WHERE stock.available < 0 OR stock.delivered <> stock.available + coalesce(sold.copies, 0)
    UNION ALL
    SELECT concat('order ', id, ': it has no lines') FROM catalog_order AS placed
    WHERE NOT EXISTS (SELECT FROM catalog_orderline AS line WHERE line.order_id = placed.id)
"""


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """One to three bestsellers; one order in a hundred is for a book that does not exist."""
    customer = dice.choice(corpus.READERS)
    books = dice.sample(range(1, BESTSELLERS + 1), dice.randrange(1, 4))
    if dice.random() < MISSING_SHARE:
        books[-1] = corpus.BOOKS + dice.randrange(1, 1000)
    order = work.Order(customer, {book: dice.randrange(1, 4) for book in books})
    lines = ",".join(f"{book}x{quantity}" for book, quantity in order.quantities.items())
    return Exchange(f"customer={customer}&lines={lines}", expectation=expectation(order))


def expectation(order: work.Order) -> Expectation:
    """The right answer, from the corpus and not from any database."""
    if max(order.quantities) > corpus.BOOKS:
        return Expectation(status=404, body=json.dumps(work.NO_BOOK).encode(), statements=LOOKED_UP)
    if gone := sorted(book for book in order.quantities if book % corpus.SOLD_OUT_EVERY == 0):
        return Expectation(status=409, body=json.dumps(work.sold_out(gone)).encode(), statements=LOOKED_UP)
    body = json.dumps(work.receipt(order, {book: corpus.book(book).price_cents for book in order.quantities})).encode()
    return Expectation(status=201, body=body, statements=PLACED + FOREIGN_KEYS * len(order.quantities))


SCENARIO = Scenario(
    name="orm_write",
    title="An order, in one transaction",
    question="Rows are locked, checked and changed in one transaction: what of it can be awaited?",
    claims=("C4", "C10"),
    look_for=(
        "transaction.atomic has no async form, so what an async view can await is the transaction as a whole, as a "
        "sync function in a thread: nearly what the wrapped variant does with the whole view. Orders for the same "
        "bestsellers wait for each other's row locks in PostgreSQL, each with its connection, in every variant alike. "
        "After each round an audit adds up what was delivered, is left and was ordered, book by book: a figure of a "
        "contender that lost a copy does not count."
    ),
    variants=(
        Variant("sync", "one atomic block, the rows locked with select_for_update", needs_postgresql=True),
        Variant("async", "the same block behind one sync_to_async, all else awaited", hops=1, needs_postgresql=True),
        Variant("wrapped", "the whole sync view behind one sync_to_async", hops=1, needs_postgresql=True),
        Variant("aiohttp", "the same SQL in psycopg's async transaction", needs_postgresql=True),
    ),
    exchange=exchange,
    example="customer=mara&lines=12x1,77x2",
    method="POST",
    malformed=(
        "",
        "customer=mara",
        "lines=12x1",
        "customer=mara&lines=",
        "customer=&lines=12x1",
        "customer=Mara&lines=12x1",
        "customer=mara&customer=li&lines=12x1",
        "customer=mara&lines=12",
        "customer=mara&lines=12x0",
        "customer=mara&lines=12x-1",
        "customer=mara&lines=12x10",
        "customer=mara&lines=0x1",
        "customer=mara&lines=12x1,12x1",
        "customer=mara&lines=12x1,",
        "customer=mara&lines=1x1,2x1,3x1,4x1",
        "customer=mara&lines=9999999999x1",
        "customer=mara&lines=%C2%B2x1",
        "customer=mara&lines=12x1%0A",
        "customer=" + "m" * 51 + "&lines=12x1",
    ),
    needs=frozenset({"database"}),
    audit=AUDIT,
)
