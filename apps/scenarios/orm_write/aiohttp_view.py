"""An order is placed, aiohttp: the same statements in a transaction of psycopg's, which is async throughout."""

from typing import Any

from aiohttp import web
from psycopg import AsyncConnection

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.orm_write import work

LOCK = """
    SELECT stock.book_id, stock.available, stock.delivered, book.id, book.author_id, book.title, book.isbn,
           book.price_cents, book.published_on
    FROM catalog_stock AS stock INNER JOIN catalog_book AS book ON book.id = stock.book_id
    WHERE stock.book_id IN ({places}) ORDER BY stock.book_id FOR UPDATE OF stock
"""
DECREMENT = """
    UPDATE catalog_stock SET available = (CASE {cases} ELSE NULL END)::integer WHERE book_id IN ({places})
"""
ORDER = "INSERT INTO catalog_order (customer, placed_at) VALUES (%s, now()) RETURNING id"
LINES = """
    INSERT INTO catalog_orderline (order_id, book_id, quantity, price_cents)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::integer[]) RETURNING id
"""

lifespan = database_pool


async def place(connection: AsyncConnection[Any], order: work.Order) -> tuple[int, dict[str, Any]]:
    """Place the order if all its books are there; returns the answer's status and body."""
    books, places = list(order.quantities), ", ".join(["%s"] * len(order.quantities))
    async with connection.transaction():
        # Locked in the order of their ids: two orders for the same books would wait for each other otherwise.
        rows = await (await connection.execute(LOCK.format(places=places), books)).fetchall()
        stocks = {stock.book_id: stock for stock in rows}
        if len(stocks) < len(books):
            return 404, work.NO_BOOK
        if lacking := work.lacking(order, {book: stock.available for book, stock in stocks.items()}):
            return 409, work.sold_out(lacking)
        prices = {book: stock.price_cents for book, stock in stocks.items()}
        left = [value for book in books for value in (book, stocks[book].available - order.quantities[book])]
        cases = " ".join(["WHEN book_id = %s THEN %s"] * len(books))
        await connection.execute(DECREMENT.format(cases=cases, places=places), [*left, *books])
        [placed] = await (await connection.execute(ORDER, [order.customer])).fetchall()
        columns = [[placed.id] * len(books), books, list(order.quantities.values()), [prices[book] for book in books]]
        await (await connection.execute(LINES, columns)).fetchall()
    return 201, work.receipt(order, prices)


async def view(request: web.Request) -> web.Response:
    if request.method != "POST":
        return web.Response(status=405, headers={"Allow": "POST"}, content_type="text/html")
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    async with get_pool(request).connection() as connection:
        status, answer = await place(connection, order)
    return web.json_response(answer, status=status)
