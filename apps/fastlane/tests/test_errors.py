"""Error pages are made on the request's own thread, where its transaction is (ticket 36027)."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse

from .test_threads import THREAD

ERRORS = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: LookupError}
threads: list[int] = []


def page(status: int) -> Any:
    def handles(request: Any, exception: Exception | None = None) -> HttpResponse:
        threads.append(THREAD())
        return HttpResponse(f"page {status}", status=status)

    return handles


def sync_fails(request: Any) -> HttpResponse:
    threads.append(THREAD())
    raise ERRORS[int(request.GET["status"])]


async def fails(request: Any) -> HttpResponse:
    threads.append(await sync_to_async(THREAD)())
    raise ERRORS[int(request.GET["status"])]


class Fails:
    """An async middleware that raises after the view."""

    sync_capable, async_capable = False, True

    def __init__(self, get_response: Any) -> None:
        from asgiref.sync import markcoroutinefunction

        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> HttpResponse:
        await self.get_response(request)
        raise ERRORS[int(request.GET["status"])]


async def uses(request: Any) -> HttpResponse:
    threads.append(await sync_to_async(THREAD)())
    return HttpResponse()


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("raised", ["sync view", "async view", "middleware"])
async def test_an_error_page_is_made_on_the_request_s_thread(fast: Any, raised: str, status: int) -> None:
    """Stock makes those of async views and middlewares elsewhere."""
    threads.clear()
    pages = {f"handler{code}": page(code) for code in ERRORS}
    middleware = (f"{__name__}.Fails",) if raised == "middleware" else ()
    served = fast(sync_fails, fails, uses, middleware=middleware, **pages)
    url = {"sync view": "/sync_fails/", "async view": "/fails/", "middleware": "/uses/"}[raised]
    answer = await served.get(f"{url}?status={status}")
    assert (answer.status, answer.text) == (status, f"page {status}")
    assert len(threads) == 2
    assert len(set(threads)) == 1
