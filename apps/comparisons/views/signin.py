"""Stub."""

from django.http import HttpRequest, HttpResponse


def sign_in(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def sign_out(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)
