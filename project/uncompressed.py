"""With DEBUG only: answers go out as they are, since the debug toolbar cannot write into compressed ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware


@sync_and_async_middleware
def uncompressed(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Views that compress for whoever accepts it find nobody who does."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            request.META.pop("HTTP_ACCEPT_ENCODING", None)
            answer: Awaitable[HttpResponseBase] = get_response(request)
            return await answer

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        request.META.pop("HTTP_ACCEPT_ENCODING", None)
        found: HttpResponseBase = get_response(request)
        return found

    return answer
