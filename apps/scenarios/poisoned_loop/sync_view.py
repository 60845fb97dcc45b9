"""One blocking call, sync: it holds its own thread, and nobody else's."""

import time

from django.http import HttpRequest, JsonResponse

from apps.scenarios.poisoned_loop import work


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    item, poison_ms = order
    if poison_ms:
        time.sleep(poison_ms / 1000)
    return JsonResponse(work.answer(item, poison_ms))
