"""Ten events, async: its view costs the loop a timer; stock Django holds a thread for an open response all the same."""

import asyncio
from collections.abc import AsyncIterator

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from apps.scenarios.stream_response import work


async def events(item: int, wait_ms: float) -> AsyncIterator[bytes]:
    for number in range(work.EVENTS):
        if number:
            await asyncio.sleep(wait_ms / 1000)
        yield work.event(item, number)


async def view(request: HttpRequest) -> StreamingHttpResponse | JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    return StreamingHttpResponse(events(*order), headers=work.HEADERS)
