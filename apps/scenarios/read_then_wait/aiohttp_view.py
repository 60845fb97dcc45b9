"""A row, then a wait, aiohttp: the connection is back in the pool before the wait."""

import asyncio

from aiohttp import web

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.read_then_wait import work

BOOK = """
    SELECT id, author_id, title, isbn, price_cents, published_on FROM catalog_book WHERE id = %s LIMIT 21
"""

lifespan = database_pool


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    number, wait_ms = order
    async with get_pool(request).connection() as connection:
        book = await (await connection.execute(BOOK, [number])).fetchone()
    if book is None:
        return web.json_response(work.NO_BOOK, status=404)
    await asyncio.sleep(wait_ms / 1000)
    return web.json_response(work.answer(book.id, book.title, wait_ms))
