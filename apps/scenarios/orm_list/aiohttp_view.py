"""A page of books, aiohttp: the SQL that Django's ORM makes, and a Jinja2 template."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.orm_list import work

BOOKS = f"""
    SELECT book.id, book.author_id, book.title, book.isbn, book.price_cents, book.published_on,
           author.id AS authors_id, author.name AS author
    FROM catalog_book AS book INNER JOIN catalog_author AS author ON author.id = book.author_id
    WHERE book.id > %s ORDER BY book.id LIMIT {work.BOOKS_PER_PAGE}
"""
TAGS = """
    SELECT book_tag.book_id, tag.id, tag.name
    FROM catalog_tag AS tag INNER JOIN catalog_book_tags AS book_tag ON book_tag.tag_id = tag.id
    WHERE book_tag.book_id IN ({places}) ORDER BY tag.id
"""
TEMPLATES = Path(__file__).parents[1] / "templates"
ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, keep_trailing_newline=True)
TEMPLATE = ENVIRONMENT.get_template("orm_list/page.jinja")

lifespan = database_pool


async def view(request: web.Request) -> web.Response:
    number = work.page_number(request.query)
    if number is None:
        return web.json_response(work.BAD_PAGE, status=400)
    async with get_pool(request).connection() as connection:
        books = await (await connection.execute(BOOKS, [work.before(number)])).fetchall()
        if not books:
            return web.json_response(work.NO_PAGE, status=404)
        of_these = TAGS.format(places=", ".join(["%s"] * len(books)))
        rows = await (await connection.execute(of_these, [book.id for book in books])).fetchall()
    tags: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        tags[row.book_id].append(row)
    html = TEMPLATE.render(number=number, books=books, tags=tags)
    return web.Response(text=html, content_type="text/html")
