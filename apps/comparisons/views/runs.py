"""Stub."""

from django.http import HttpRequest, HttpResponse


def run_list(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def compare_chosen(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def compare(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def run(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)


def export(request: HttpRequest, **names: object) -> HttpResponse:
    return HttpResponse("not there yet", status=501)
