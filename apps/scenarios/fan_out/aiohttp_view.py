"""Ten calls at once, aiohttp."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from apps.scenarios.fan_out import work

SESSION = web.AppKey("fan_out_session", aiohttp.ClientSession)


async def lifespan(app: web.Application) -> AsyncIterator[None]:
    """One session per process."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        app[SESSION] = session
        yield


async def fetch_leg(session: aiohttp.ClientSession, service: str, book: int, deadline_s: float) -> dict[str, Any]:
    try:
        call = session.get(work.url(service, book), allow_redirects=False)
        async with asyncio.timeout_at(deadline_s), call as response:
            return work.leg(service, response.status, await response.read())
    except TimeoutError:
        return work.error_leg(service, work.LATE)
    except aiohttp.ClientConnectorError:
        return work.error_leg(service, work.ABSENT)
    except aiohttp.ClientError:
        return work.error_leg(service, work.BROKEN)


async def view(request: web.Request) -> web.Response:
    book = work.book_id(request.query)
    if book is None:
        return web.json_response(work.BAD_BOOK, status=400)
    session = request.app[SESSION]
    deadline_s = asyncio.get_running_loop().time() + work.DEADLINE_S
    legs = await asyncio.gather(*(fetch_leg(session, service, book, deadline_s) for service in work.SERVICES))
    return web.json_response(work.page(book, legs))
