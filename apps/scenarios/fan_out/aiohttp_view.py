"""Ten calls at once, aiohttp."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from apps.scenarios.fan_out import work
from apps.scenarios.fan_out.aiohttp_client import fetch_leg, open_session

SESSION = web.AppKey("fan_out_session", aiohttp.ClientSession)


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """One session per process."""
    async with open_session() as session:
        app[SESSION] = session
        yield


async def view(request: web.Request) -> web.Response:
    book = work.book_id(request.query)
    if book is None:
        return web.json_response(work.BAD_BOOK, status=400)
    session = request.app[SESSION]
    deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
    legs = await asyncio.gather(*(fetch_leg(session, service, book, deadline_s) for service in work.SERVICES))
    return web.json_response(work.page(book, legs))
