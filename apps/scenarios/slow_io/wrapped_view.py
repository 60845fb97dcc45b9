"""One wait, the sync work wrapped in ``sync_to_async``: a thread is held after all."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.slow_io import sync_view


async def view(request: HttpRequest) -> JsonResponse:
    return await sync_to_async(sync_view.view)(request)
