"""A book's page, aiohttp: the SQL that Django's ORM makes, on psycopg's async pool."""

from aiohttp import web

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.orm_read import work

BOOK = """
    SELECT book.id, book.author_id, book.title, book.isbn, book.price_cents, book.published_on,
           author.id AS authors_id, author.name AS author
    FROM catalog_book AS book INNER JOIN catalog_author AS author ON author.id = book.author_id
    WHERE book.id = %s LIMIT 21
"""
REVIEWS = """
    SELECT id, book_id, reader, stars, text, created_on FROM catalog_review
    WHERE book_id = %s ORDER BY created_on DESC, id DESC LIMIT 5
"""
RATING = "SELECT avg(stars) AS rating FROM catalog_review WHERE book_id = %s"

lifespan = database_pool


async def view(request: web.Request) -> web.Response:
    number = work.book_id(request.query)
    if number is None:
        return web.json_response(work.BAD_BOOK, status=400)
    async with get_pool(request).connection() as connection:
        book = await (await connection.execute(BOOK, [number])).fetchone()
        if book is None:
            return web.json_response(work.NO_BOOK, status=404)
        reviews = await (await connection.execute(REVIEWS, [number])).fetchall()
        rating = await (await connection.execute(RATING, [number])).fetchone()
    return web.json_response(work.page(book, book.author, reviews, rating and rating.rating))
