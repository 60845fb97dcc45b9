"""Stub."""

from django.http import HttpRequest, HttpResponse


def try_variant(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)
