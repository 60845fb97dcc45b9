"""So many steps, the sync work wrapped in ``sync_to_async``: all go there and back together."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.bridge_cost import sync_view


async def view(request: HttpRequest) -> JsonResponse:
    return await sync_to_async(sync_view.view)(request)
