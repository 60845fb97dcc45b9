"""A page for those who may see it, the sync work wrapped in ``sync_to_async``."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from apps.scenarios.session_auth import sync_view


async def view(request: HttpRequest) -> HttpResponse:
    return await sync_to_async(sync_view.view)(request)
