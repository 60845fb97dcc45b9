"""Ten calls, one after another, sync."""

from functools import cache
from time import monotonic
from typing import Any

import httpx
from django.http import HttpRequest, JsonResponse

from apps.scenarios.fan_out import work


@cache
def client() -> httpx.Client:
    """One per process; a client is safe to share between threads."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=work.THREADS)
    return httpx.Client(limits=limits, trust_env=False)


def fetch_leg(service: str, book: int, deadline_s: float) -> dict[str, Any]:
    left_s = deadline_s - monotonic()
    if left_s <= 0:
        return work.error_leg(service, work.LATE)
    try:
        with client().stream("GET", work.url(service, book), timeout=left_s) as response:
            body = b""
            for chunk in response.iter_raw():
                body += chunk
                if monotonic() > deadline_s:  # httpx's timeout is per read: a drip would go on for ever
                    return work.error_leg(service, work.LATE)
            return work.leg(service, response.status_code, body)
    except httpx.TimeoutException:
        return work.error_leg(service, work.LATE)
    except httpx.ConnectError:
        return work.error_leg(service, work.ABSENT)
    except httpx.TransportError:
        return work.error_leg(service, work.BROKEN)


def view(request: HttpRequest) -> JsonResponse:
    book = work.book_id(request.GET)
    if book is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    deadline_s = monotonic() + work.DEADLINE_S
    legs = [fetch_leg(service, book, deadline_s) for service in work.SERVICES]
    return JsonResponse(work.page(book, legs))
