"""So many steps, async: each goes to the request's thread and back."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.bridge_cost import work


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    value, hops = order
    for _ in range(hops):
        value = await sync_to_async(work.step)(value)
    return JsonResponse(work.answer(value))
