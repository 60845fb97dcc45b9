"""A row, then a wait, wrapped in ``sync_to_async``: the thread is held, and its connection with it."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.read_then_wait import sync_view


async def view(request: HttpRequest) -> JsonResponse:
    return await sync_to_async(sync_view.view)(request)
