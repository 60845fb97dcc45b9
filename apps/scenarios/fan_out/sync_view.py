"""Ten calls, one after another, sync."""

from time import monotonic
from typing import Any

import httpx
from django.http import HttpRequest, JsonResponse

from apps.scenarios.fan_out import work
from apps.scenarios.fan_out.deadline import DeadlineTransport, deadline

# One per process; a client is safe to share between threads.
CLIENT = httpx.Client(transport=DeadlineTransport(keep_alive=work.THREADS), trust_env=False)


def fetch_leg(service: str, book: int, deadline_s: float) -> dict[str, Any]:
    try:
        with deadline(deadline_s):
            response = CLIENT.get(work.url(service, book))
            return work.leg(service, response.status_code, response.content)
    except httpx.TimeoutException:
        return work.error_leg(service, work.LATE)
    except httpx.ConnectError:
        return work.error_leg(service, work.ABSENT)
    except httpx.HTTPError:
        return work.error_leg(service, work.BROKEN)


def view(request: HttpRequest) -> JsonResponse:
    book = work.book_id(request.GET)
    if book is None:
        return JsonResponse(work.BAD_BOOK, status=400)
    deadline_s = monotonic() + work.DEADLINE_S
    legs = [fetch_leg(service, book, deadline_s) for service in work.SERVICES]
    return JsonResponse(work.page(book, legs))
