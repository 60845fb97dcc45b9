"""One blocking call, aiohttp, in a thread, and it alone: the cure. Who does not block does not hop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from apps.scenarios.poisoned_loop import work

# As many threads as gunicorn-threads has. asyncio.to_thread has the loop's own min(32, CPUs + 4), six on two CPUs: a
# ceiling of 120 poisoned requests/s, and so of 12,000 in all.
EXECUTOR = ThreadPoolExecutor(max_workers=work.THREADS, thread_name_prefix="poisoned-loop")


async def view(request: web.Request) -> web.Response:
    order = work.order(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    item, poison_ms = order
    if poison_ms:
        await asyncio.get_running_loop().run_in_executor(EXECUTOR, time.sleep, poison_ms / 1000)
    return web.json_response(work.answer(item, poison_ms))
