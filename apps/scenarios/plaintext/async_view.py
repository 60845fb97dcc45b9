"""Plaintext, async."""

from django.http import HttpRequest, HttpResponse

from apps.scenarios.plaintext import work


async def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(work.BODY, content_type=work.CONTENT_TYPE)
