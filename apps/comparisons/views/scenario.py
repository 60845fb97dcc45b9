"""Stub."""

from django.http import HttpRequest, HttpResponse


def scenario_list(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def scenario(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def code(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)
