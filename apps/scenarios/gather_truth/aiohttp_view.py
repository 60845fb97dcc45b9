"""Five queries or five calls, aiohttp: gathered, and both are at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from apps.catalog.pool import Pool, database_pool, get_pool
from apps.scenarios.fan_out import aiohttp_view as fan_out
from apps.scenarios.fan_out.aiohttp_client import fetch_leg
from apps.scenarios.gather_truth import work

SQL = "SELECT {column}, pg_sleep(%s) FROM catalog_book WHERE id = %s ORDER BY id ASC LIMIT 1"


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """A pool of database connections and a client session per process."""
    async with asynccontextmanager(database_pool)(app), asynccontextmanager(fan_out.lifespan)(app):
        yield


async def fetch_fact(pool: Pool, column: str, order: work.Order) -> dict[str, Any] | None:
    """A connection for each query, returned before another is asked for: nobody waits for one while holding one."""
    async with pool.connection() as connection:
        row = await (await connection.execute(SQL.format(column=column), [order.wait_ms / 1000, order.book])).fetchone()
    return None if row is None else work.fact(column, row[0])


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    if order.of == work.CALLS:
        session = request.app[fan_out.SESSION]
        deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
        calls = (fetch_leg(session, service, order.book, deadline_s) for service in work.SERVICES)
        return web.json_response(work.page(order.book, await asyncio.gather(*calls)))
    pool = get_pool(request)
    facts = await asyncio.gather(*(fetch_fact(pool, column, order) for column in work.COLUMNS))
    if None in facts:
        return web.json_response(work.NO_BOOK, status=404)
    return web.json_response(work.page(order.book, facts))
