"""Ten events, aiohttp: the view writes them itself."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from aiohttp import web

from apps.scenarios.stream_response import work


async def events(item: int, wait_ms: float) -> AsyncGenerator[bytes]:
    for number in range(work.EVENTS):
        if number:
            await asyncio.sleep(wait_ms / 1000)
        yield work.event(item, number)


async def view(request: web.Request) -> web.StreamResponse:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    response = web.StreamResponse(headers=work.HEADERS)
    with suppress(ConnectionResetError):  # the client is gone: nothing that a log needs a traceback of
        await response.prepare(request)
        async with aclosing(events(*order)) as stream:
            async for event in stream:
                await response.write(event)
    return response
