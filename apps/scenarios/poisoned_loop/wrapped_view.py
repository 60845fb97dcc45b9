"""One blocking call, wrapped in ``sync_to_async``, and it alone: the cure. Who does not block does not hop."""

import time

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.poisoned_loop import work


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    item, poison_ms = order
    if poison_ms:
        await sync_to_async(time.sleep)(poison_ms / 1000)
    return JsonResponse(work.answer(item, poison_ms))
