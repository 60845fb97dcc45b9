"""One row, aiohttp: the SQL that Django's ORM makes, on psycopg's async pool."""

from aiohttp import web

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.one_row import work

BOOK = """
    SELECT id, author_id, title, isbn, price_cents, published_on FROM catalog_book WHERE id = %s LIMIT 21
"""

lifespan = database_pool


async def view(request: web.Request) -> web.Response:
    number = work.book_id(request.query)
    if number is None:
        return web.json_response(work.BAD_BOOK, status=400)
    async with get_pool(request).connection() as connection:
        book = await (await connection.execute(BOOK, [number])).fetchone()
    if book is None:
        return web.json_response(work.NO_BOOK, status=404)
    return web.json_response(work.answer(book))
