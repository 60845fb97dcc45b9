"""The debug toolbar's neighbour: whoever compresses for those that accept it finds nobody."""

from __future__ import annotations

import asyncio

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views.decorators.gzip import gzip_page

from project.uncompressed import uncompressed


def compressing(request: HttpRequest) -> HttpResponse:
    return gzip_page(lambda request: HttpResponse("word " * 500))(request)


def request() -> HttpRequest:
    return RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})


def test_a_view_that_compresses_does_not():
    assert "Content-Encoding" in compressing(request()).headers
    assert "Content-Encoding" not in uncompressed(compressing)(request()).headers


def test_nor_does_one_behind_asgi():
    async def behind(request: HttpRequest) -> HttpResponse:
        return compressing(request)

    assert "Content-Encoding" not in asyncio.run(uncompressed(behind)(request())).headers
