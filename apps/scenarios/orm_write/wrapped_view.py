"""An order is placed, the whole sync view wrapped in ``sync_to_async``."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.scenarios.orm_write import sync_view


@csrf_exempt
async def view(request: HttpRequest) -> HttpResponse:
    return await sync_to_async(sync_view.view)(request)
