"""One blocking call, aiohttp: the poison."""

import time

from aiohttp import web

from apps.scenarios.poisoned_loop import work


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    item, poison_ms = order
    if poison_ms:
        # The mistake that is measured: a library without an async form, called where the loop has to wait for it.
        time.sleep(poison_ms / 1000)  # noqa: ASYNC251 - the poison
    return web.json_response(work.answer(item, poison_ms))
