"""Django's middlewares whose hooks only compute, and when one may do I/O after all and goes to the thread as in stock.

Settings are read for every request, as Django's own hooks do, and hooks are looked up on the instance when called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers import exception
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.module_loading import import_string

from .inline_code import Verdict, code_verdict

Call = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
ViewHook = Callable[[HttpRequest, Any, Any, Any], Awaitable[HttpResponseBase | None]]
RequestDoesIO = Callable[[HttpRequest], bool]
ResponseDoesIO = Callable[[HttpRequest, HttpResponseBase], bool]


async def _error_page(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """What stock's wrapper around the middleware makes of it, on the request's own thread. Await it in ``except``."""
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:  # no page will be made: the wrapper passes it on, announced once
        raise error
    return await sync_to_async(exception.response_for_exception, thread_sensitive=True)(request, error)


def _both(
    self: Any, request_does_io: RequestDoesIO | None = None, response_does_io: ResponseDoesIO | None = None
) -> Call:
    """``MiddlewareMixin.__acall__`` for a middleware with both hooks."""

    async def both(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase | None
        try:
            if request_does_io is not None and request_does_io(request):
                response = await sync_to_async(self.process_request, thread_sensitive=True)(request)
            else:
                response = self.process_request(request)
        except Exception as error:
            return await _error_page(request, error)
        if not response:
            response = await self.get_response(request)
        try:
            if response_does_io is not None and response_does_io(request, response):
                return await sync_to_async(self.process_response, thread_sensitive=True)(request, response)  # type: ignore[no-any-return]
            return self.process_response(request, response)  # type: ignore[no-any-return]
        except Exception as error:
            return await _error_page(request, error)

    return both


def _request_only(self: Any) -> Call:
    async def request_only(request: HttpRequest) -> HttpResponseBase:
        try:
            response = self.process_request(request)
        except Exception as error:
            return await _error_page(request, error)
        return response or await self.get_response(request)  # type: ignore[no-any-return]

    return request_only


def _response_only(self: Any, response_does_io: ResponseDoesIO | None = None) -> Call:
    async def response_only(request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        try:
            if response_does_io is not None and response_does_io(request, response):
                return await sync_to_async(self.process_response, thread_sensitive=True)(request, response)  # type: ignore[no-any-return]
            return self.process_response(request, response)  # type: ignore[no-any-return]
        except Exception as error:
            return await _error_page(request, error)

    return response_only


def _is_404(request: HttpRequest, response: HttpResponseBase) -> bool:
    return response.status_code == 404


def _unless_404(self: Any) -> Call:
    return _response_only(self, _is_404)


CONTENTS = (HttpResponse.content, SimpleTemplateResponse.content)  # properties that only join what is there


def _common(self: Any) -> Call:
    def response_does_io(request: HttpRequest, response: HttpResponseBase) -> bool:
        # The length is that of ``content``, and a class of somebody else may render it only now.
        return response.status_code == 404 or not (
            getattr(type(response), "content", None) in CONTENTS or response.streaming
        )

    return _both(self, response_does_io=response_does_io)


def _opens_cache(store: Any) -> bool:
    """Whether making the store may make a cache backend of somebody else."""
    backend = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    return not str(backend).startswith("django.core.cache.backends.")


def _looks_for_folder(store: Any) -> bool:
    """The first file store of a process looks for its folder."""
    return "_storage_path" not in vars(store)


MAKING_DOES_IO: dict[str, Callable[[Any], bool]] = {
    "django.contrib.sessions.backends.cache": _opens_cache,
    "django.contrib.sessions.backends.cached_db": _opens_cache,
    "django.contrib.sessions.backends.file": _looks_for_folder,
}


def _session(self: Any) -> Call:
    store = self.SessionStore  # its code has been judged; should another one take its place, it goes to the thread
    making_does_io = MAKING_DOES_IO.get(store.__module__)

    def request_does_io(request: HttpRequest) -> bool:
        return self.SessionStore is not store or (making_does_io is not None and making_does_io(store))

    def response_does_io(request: HttpRequest, response: HttpResponseBase) -> bool:
        session: Any = getattr(request, "session", None)
        if type(session) is not store:
            return True
        # When it is saved; ``is_empty`` neither loads the session nor marks it as accessed.
        return (session.modified or settings.SESSION_SAVE_EVERY_REQUEST) and not session.is_empty()

    return _both(self, request_does_io, response_does_io)


def _csrf(self: Any) -> Call:
    def request_does_io(request: HttpRequest) -> bool:
        return settings.CSRF_USE_SESSIONS

    def response_does_io(request: HttpRequest, response: HttpResponseBase) -> bool:
        return bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE")) and settings.CSRF_USE_SESSIONS

    return _both(self, request_does_io, response_does_io)


SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


def _csrf_view(stock: Any) -> ViewHook:
    """``process_view`` reads the body of a request whose token it checks, and of no other."""
    check = stock.func  # as bound when the chain was built: stock does not look for another one later either

    async def process_view(request: HttpRequest, callback: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if (
            request.method in SAFE_METHODS
            or getattr(callback, "csrf_exempt", False)
            or getattr(request, "csrf_processing_done", False)
        ):
            return check(request, callback, args, kwargs)  # type: ignore[no-any-return]
        return await stock(request, callback, args, kwargs)  # type: ignore[no-any-return]

    return process_view


STORAGES = (
    "django.contrib.messages.storage.fallback.FallbackStorage",
    "django.contrib.messages.storage.cookie.CookieStorage",
    "django.contrib.messages.storage.session.SessionStorage",
)
SIGNER = "django.core.signing.TimestampSigner"


def _message(self: Any) -> Call:
    known = {path: storage for path in STORAGES if _is_known_storage(storage := import_string(path))}
    kinds = frozenset(known.values())

    def request_does_io(request: HttpRequest) -> bool:
        return settings.MESSAGE_STORAGE not in known or settings.SIGNING_BACKEND != SIGNER

    def response_does_io(request: HttpRequest, response: HttpResponseBase) -> bool:
        storage: Any = getattr(request, "_messages", None)
        return type(storage) not in kinds or bool(storage.used or storage.added_new or storage._queued_messages)

    return _both(self, request_does_io, response_does_io)


def _is_known_storage(storage: Any) -> bool:
    return all(code_verdict(kind) is Verdict.INLINE for kind in _with_those_within(storage))


def _with_those_within(storage: Any) -> tuple[Any, ...]:
    return (storage, *getattr(storage, "storage_classes", ()))


def _message_stores(self: Any) -> tuple[Any, ...]:
    try:
        return _with_those_within(import_string(settings.MESSAGE_STORAGE))
    except ImportError:  # as in stock, requests will fail, and not the start
        return ()


def _nothing(self: Any) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True)
class Rule:
    """How one class of Django's is run: ``make`` gives the instance's ``__acall__``, ``make_view`` what checks a view.

    ``functions`` are those that its hooks call, where they look for them; ``stores`` are the classes they make.
    """

    make: Callable[[Any], Call]
    functions: tuple[str, ...] = ()
    stores: Callable[[Any], tuple[Any, ...]] = _nothing
    make_view: Callable[[Any], ViewHook] | None = field(default=None)


CSRF = "django.middleware.csrf"
RULES: dict[str, Rule] = {
    "django.middleware.security.SecurityMiddleware": Rule(_both),
    "django.contrib.sessions.middleware.SessionMiddleware": Rule(
        _session,
        functions=("django.contrib.sessions.middleware.patch_vary_headers",),
        stores=lambda self: (self.SessionStore,),
    ),
    "django.middleware.common.CommonMiddleware": Rule(_common),
    "django.middleware.csrf.CsrfViewMiddleware": Rule(
        _csrf,
        functions=(
            f"{CSRF}._add_new_csrf_cookie",
            f"{CSRF}._check_token_format",
            f"{CSRF}._get_new_csrf_string",
            f"{CSRF}._unmask_cipher_token",
            f"{CSRF}.patch_vary_headers",
        ),
        make_view=_csrf_view,
    ),
    "django.contrib.auth.middleware.AuthenticationMiddleware": Rule(_request_only),
    "django.contrib.messages.middleware.MessageMiddleware": Rule(
        _message, functions=("django.contrib.messages.middleware.default_storage",), stores=_message_stores
    ),
    "django.middleware.clickjacking.XFrameOptionsMiddleware": Rule(_response_only),
    "django.middleware.csp.ContentSecurityPolicyMiddleware": Rule(
        _both, functions=("django.middleware.csp.get_nonce", "django.middleware.csp.build_policy")
    ),
    "django.middleware.common.BrokenLinkEmailsMiddleware": Rule(_unless_404),
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware": Rule(_unless_404),
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware": Rule(_unless_404),
}
