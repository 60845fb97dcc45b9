"""A page of books, the sync work wrapped in ``sync_to_async``: the template is rendered in the thread."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from apps.scenarios.orm_list import sync_view


async def view(request: HttpRequest) -> HttpResponse:
    return await sync_to_async(sync_view.view)(request)
