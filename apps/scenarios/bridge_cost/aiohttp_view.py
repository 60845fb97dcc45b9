"""So many steps, aiohttp: each goes to one of the loop's threads and back."""

import asyncio

from aiohttp import web

from apps.scenarios.bridge_cost import work


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    value, hops = order
    for _ in range(hops):
        value = await asyncio.to_thread(work.step, value)
    return web.json_response(work.answer(value))
