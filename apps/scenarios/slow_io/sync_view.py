"""One wait, sync: the thread, or the process, is held meanwhile."""

import time

from django.http import HttpRequest, JsonResponse

from apps.scenarios.slow_io import work


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    item, wait_ms = order
    time.sleep(wait_ms / 1000)
    return JsonResponse(work.answer(item, wait_ms))
