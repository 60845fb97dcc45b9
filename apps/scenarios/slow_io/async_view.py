"""One wait, async: the loop serves others meanwhile."""

import asyncio

from django.http import HttpRequest, JsonResponse

from apps.scenarios.slow_io import work


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    item, wait_ms = order
    await asyncio.sleep(wait_ms / 1000)
    return JsonResponse(work.answer(item, wait_ms))
