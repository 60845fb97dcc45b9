"""A small project on the fast lane, for a real server: ``uvicorn apps.fastlane.tests.served_site:application``.

FASTLANE_TESTS_DATABASE is its default database as JSON, FASTLANE_TESTS_FILE what ``/file/`` sends.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from apps.fastlane import get_fastlane_application

SIZE = 3  # sync functions at once
CAP = 4 * 2**20  # bytes of a body

settings.configure(
    SECRET_KEY="a key for a server on loopback that lives for a test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": json.loads(os.environ["FASTLANE_TESTS_DATABASE"])},
    MIDDLEWARE=os.environ.get("FASTLANE_TESTS_MIDDLEWARE", "").split(),
    FASTLANE_THREADS=SIZE,
    FASTLANE_MAX_THREADS=3 * SIZE,
    FASTLANE_MAX_BODY_BYTES=CAP,
    FILE_UPLOAD_MAX_MEMORY_SIZE=10_000,
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
application = get_fastlane_application()
application.handler.threads.rest_s = 0.2

from django.contrib.auth.models import User  # noqa: E402 - needs the settings


async def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


async def sleeps(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(float(request.GET["s"]))
    return HttpResponse("awake")


def rows(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(User.objects.count()))


async def async_rows(request: HttpRequest) -> HttpResponse:
    counts = await asyncio.gather(User.objects.acount(), User.objects.filter(pk=-1).acount())
    await asyncio.sleep(0.002)
    return HttpResponse(str(counts[0] + await User.objects.acount()))


def upload(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.read())))


async def streams(request: HttpRequest) -> StreamingHttpResponse:
    count = await sync_to_async(User.objects.count)()
    return StreamingHttpResponse(str(count + number) for number in range(5))


async def fails(request: HttpRequest) -> HttpResponse:
    raise LookupError("a view's error")


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(os.environ["FASTLANE_TESTS_FILE"]).open("rb"))


VIEWS: tuple[Any, ...] = (hello, sleeps, rows, async_rows, upload, streams, fails, file)
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]
