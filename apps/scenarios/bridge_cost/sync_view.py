"""So many steps, sync: each is a call."""

from django.http import HttpRequest, JsonResponse

from apps.scenarios.bridge_cost import work


def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    value, hops = order
    for _ in range(hops):
        value = work.step(value)
    return JsonResponse(work.answer(value))
