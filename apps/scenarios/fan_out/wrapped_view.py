"""Ten calls at once, the sync calls wrapped in ``sync_to_async``: one thread each."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse

from apps.scenarios.fan_out import work
from apps.scenarios.fan_out.sync_view import fetch_leg

# As many threads as gunicorn-threads has. The loop's default executor would have min(32, CPUs + 4), six on two CPUs.
EXECUTOR = ThreadPoolExecutor(max_workers=work.THREADS, thread_name_prefix="fan-out")


async def view(request: HttpRequest) -> JsonResponse:
    book = work.book_id(request.GET)
    if book is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    fetch = sync_to_async(fetch_leg, thread_sensitive=False, executor=EXECUTOR)
    deadline_s = monotonic() + work.DEADLINE_S
    legs = await asyncio.gather(*(fetch(service, book, deadline_s) for service in work.SERVICES))
    return JsonResponse(work.page(book, legs))
