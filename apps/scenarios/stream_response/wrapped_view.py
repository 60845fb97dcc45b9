"""Ten events, the sync iterator wrapped in ``sync_to_async``: each is fetched in a thread when it is wanted."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from apps.scenarios.stream_response import sync_view, work


async def events(item: int, wait_ms: float) -> AsyncIterator[bytes]:
    iterator = sync_view.events(item, wait_ms)
    fetch = sync_to_async(lambda: next(iterator, None))  # not until StopIteration: no coroutine can raise it
    while (event := await fetch()) is not None:
        yield event


async def view(request: HttpRequest) -> StreamingHttpResponse | JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    return StreamingHttpResponse(events(*order), headers=work.HEADERS)
