"""One blocking call, async: the poison."""

import time

from django.http import HttpRequest, JsonResponse

from apps.scenarios.poisoned_loop import work


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    item, poison_ms = order
    if poison_ms:
        # The mistake that is measured: a library without an async form, called where the loop has to wait for it.
        time.sleep(poison_ms / 1000)  # noqa: ASYNC251 - the poison
    return JsonResponse(work.answer(item, poison_ms))
