"""One wait, aiohttp."""

import asyncio

from aiohttp import web

from apps.scenarios.slow_io import work


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    item, wait_ms = order
    await asyncio.sleep(wait_ms / 1000)
    return web.json_response(work.answer(item, wait_ms))
