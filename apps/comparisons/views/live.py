"""Stub."""

from django.http import HttpRequest, HttpResponse


def live(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def start(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def race(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def events(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def stop(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)
