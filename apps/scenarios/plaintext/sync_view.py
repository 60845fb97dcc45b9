"""Plaintext, sync."""

from django.http import HttpRequest, HttpResponse

from apps.scenarios.plaintext import work


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(work.BODY, content_type=work.CONTENT_TYPE)
