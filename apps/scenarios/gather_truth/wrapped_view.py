"""Five queries or five calls, the sync work wrapped in ``sync_to_async``: one after another in one thread."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.gather_truth import sync_view


async def view(request: HttpRequest) -> JsonResponse:
    return await sync_to_async(sync_view.view)(request)
