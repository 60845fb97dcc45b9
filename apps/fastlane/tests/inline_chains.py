"""Views, middlewares and a way to ask a chain, for the tests of what runs inline."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from unittest import mock

from asgiref.sync import SyncToAsync
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore as SignedStore
from django.core.cache.backends.locmem import LocMemCache
from django.core.handlers.asgi import ASGIHandler
from django.core.signing import TimestampSigner
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.middleware.security import SecurityMiddleware
from django.test import AsyncRequestFactory
from django.urls import path
from django.utils.decorators import async_only_middleware

from .. import inline

SECURITY = "django.middleware.security.SecurityMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
FRAMES = "django.middleware.clickjacking.XFrameOptionsMiddleware"
SEVEN = [SECURITY, SESSION, COMMON, CSRF, AUTH, MESSAGES, FRAMES]
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
HERE = __name__
SETTINGS = {
    "ROOT_URLCONF": HERE,
    "MIDDLEWARE": SEVEN,
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    "CACHES": {"default": {"BACKEND": LOCMEM, "LOCATION": HERE}},
    "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    "DEBUG": False,
    "ALLOWED_HOSTS": ["testserver"],
    "SECURE_SSL_REDIRECT": False,
    "SECURE_HSTS_SECONDS": 60,
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
}


async def hello(request):
    return HttpResponse("hello")


async def changes_session(request):
    await request.session.aset("seen", 1)
    return HttpResponse("changed")


async def reads_session(request):
    return HttpResponse(str(await request.session.aget("seen")))


async def adds_message(request):
    messages.info(request, "well done")
    return HttpResponse("added")


async def reads_messages(request):
    return HttpResponse(" ".join(str(message) for message in messages.get_messages(request)))


async def makes_token(request):
    return HttpResponse(str(len(get_token(request))))


class Rendering(HttpResponse):
    """Has its content only when asked for it, as some packages' responses do."""

    thread = 0

    @property
    def content(self):
        type(self).thread = threading.get_ident()
        return b"rendered"

    @content.setter
    def content(self, value):
        pass


async def streams(request):
    return StreamingHttpResponse([b"a", b"b"])


async def renders_late(request):
    return Rendering()


async def hidden(request):
    return HttpResponse(status=404)


def handler500(request):
    """Django's own would call the middleware for CSRF; the page says which thread made it."""
    return HttpResponse("error", status=500, headers={"X-Thread": str(threading.get_ident())})


urlpatterns = [
    path("hello", hello),
    path("slash/", hello),
    path("changes", changes_session),
    path("reads", reads_session),
    path("adds", adds_message),
    path("shows", reads_messages),
    path("token", makes_token),
    path("late", renders_late),
    path("streams", streams),
    path("hidden", hidden),
]


class Subclass(SecurityMiddleware):
    """Might do anything."""


@async_only_middleware
def function(get_response):
    async def middleware(request):
        return await get_response(request)

    return middleware


class SyncOnly:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)


class SessionStore(SignedStore):
    """This module is a project's own session engine."""


class Storage(CookieStorage):
    """What a project's own message storage may look like."""


class Cache(LocMemCache):
    """Might connect when it is made."""


class Signer(TimestampSigner):
    """Might ask a key service."""


@contextmanager
def counted_hops():
    """The names of the functions that went to a thread."""
    hops = []
    call = SyncToAsync.__call__

    def counting(self, *args, **kwargs):
        hops.append(self.func.__qualname__)
        return call(self, *args, **kwargs)

    with mock.patch.object(SyncToAsync, "__call__", counting):
        yield hops


def chain(inlined):
    handler = ASGIHandler()
    if inlined:
        inline.apply(handler)
    return handler


def ask(handler, path="/hello", method="GET", cookies=None, **headers):
    """The response of a chain, and the names of the functions that went to a thread."""
    request = AsyncRequestFactory().generic(method, path, secure=headers.pop("secure", False), headers=headers)
    request.COOKIES.update(cookies or {})

    async def answer():
        return await asyncio.wait_for(handler._middleware_chain(request), 60)

    with counted_hops() as hops:
        return asyncio.run(answer()), hops


def compared(response):
    """What must be equal: of cookies, whether there is a value, since that may be random or hold the time."""
    cookies = {
        name: (bool(morsel.value), {**morsel, "expires": bool(morsel["expires"])})
        for name, morsel in response.cookies.items()
    }
    return response.status_code, sorted(response.headers.items()), cookies, getattr(response, "content", None)


def cookies_after(path):
    response, _ = ask(chain(inlined=False), path)
    return {name: morsel.value for name, morsel in response.cookies.items()}
