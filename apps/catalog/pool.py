"""psycopg's async pool for the aiohttp sibling: the same size and settings as the pools of the Django servers."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row
from psycopg_pool import AsyncConnectionPool

from apps.catalog.connection import connection_options, pool_options

Pool = AsyncConnectionPool[AsyncConnection[Any]]
POOL = web.AppKey("pool", Pool)
NO_DATABASE = {
    "error": "the sibling service reads PostgreSQL: set CROSSOVER_DATABASE_URL=postgresql://… and start it again"
}


async def database_pool(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context: the pool is open while the application runs, if a PostgreSQL is named."""
    url = os.environ.get("CROSSOVER_DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield
        return
    options = {
        **connection_options(os.environ.get("CROSSOVER_SCHEMA", "")),
        "autocommit": True,  # as Django's connections are
        "row_factory": namedtuple_row,
    }
    async with AsyncConnectionPool(url, kwargs=options, **pool_options()) as pool:
        app[POOL] = pool
        yield


def get_pool(request: web.Request) -> Pool:
    """The application's pool; answers 503 with what to do where no database is named."""
    pool = request.app.get(POOL)
    if pool is None:
        raise web.HTTPServiceUnavailable(text=json.dumps(NO_DATABASE), content_type="application/json")
    return pool
