"""A middleware as many projects still have one: it knows no async, so Django puts it into a thread."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_only_middleware

HEADER = "X-Sync-Only"


@sync_only_middleware
def mark(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """One response header, so that it can be seen to have run."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response[HEADER] = "1"
        return response

    return middleware
