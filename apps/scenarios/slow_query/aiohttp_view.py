"""A slow query, aiohttp: it holds a database connection and no thread."""

from aiohttp import web

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.slow_query import work

SLEEP = "SELECT pg_sleep(%s) FROM catalog_book WHERE id = %s LIMIT 21"
BOOK = "SELECT id, author_id, title, isbn, price_cents, published_on FROM catalog_book WHERE id = %s LIMIT 21"

lifespan = database_pool


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    number, wait_ms = order
    async with get_pool(request).connection() as connection:
        await connection.execute(SLEEP, [wait_ms / 1000, number])
        book = await (await connection.execute(BOOK, [number])).fetchone()
    if book is None:
        return web.json_response(work.NO_BOOK, status=404)
    return web.json_response(work.answer(book, wait_ms))
