"""One row, the sync work wrapped in ``sync_to_async``."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.one_row import sync_view


async def view(request: HttpRequest) -> JsonResponse:
    return await sync_to_async(sync_view.view)(request)
