"""Ten milliseconds of Python, aiohttp: on its loop."""

from aiohttp import web

from apps.scenarios.cpu_bound import work


async def view(request: web.Request) -> web.Response:
    seed = work.seed(request.query)
    if seed is None:
        return web.json_response(work.BAD_SEED, status=400)
    value = work.compute(seed)
    return web.json_response(work.answer(seed, value))
