"""Ten events, sync: a thread, or the process, is held until the last one."""

import time
from collections.abc import Iterator

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from apps.scenarios.stream_response import work


def events(item: int, wait_ms: float) -> Iterator[bytes]:
    for number in range(work.EVENTS):
        if number:
            time.sleep(wait_ms / 1000)
        yield work.event(item, number)


def view(request: HttpRequest) -> StreamingHttpResponse | JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    return StreamingHttpResponse(events(*order), headers=work.HEADERS)
