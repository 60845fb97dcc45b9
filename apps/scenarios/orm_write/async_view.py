"""An order is placed, async: the transaction is sync, in one piece and in a thread."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.catalog.postgresql_only import unless_disposable, unless_postgresql
from apps.scenarios.orm_write import work
from apps.scenarios.orm_write.placement import place


@csrf_exempt
@require_POST
async def view(request: HttpRequest) -> HttpResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    if refusal := unless_postgresql(work.FEATURE) or unless_disposable():
        return refusal
    status, answer = await sync_to_async(place)(order)
    return JsonResponse(answer, status=status)
