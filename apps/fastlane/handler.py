"""Django's ASGI handler with threads on demand."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Awaitable
from contextvars import Context, ContextVar, copy_context
from typing import IO, Any
from weakref import ref

from asgiref.sync import AsyncToSync, SyncToAsync, sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix
from django.urls.base import _prefixes  # type: ignore[attr-defined]
from django.utils.functional import cached_property

from . import error_pages, inline
from .body import NO_BODY, BodyTooLarge, Message, Receive, Send, check_declared, refuse, spool
from .disconnects import Disconnects
from .lease import Lease
from .locals import value_of
from .sending import send_response
from .signals import Announcements, announcements
from .threads import ThreadPool
from .ties import TIES, cut_ties, references

MAX_THREADS = 128
# As they were when this was imported: what somebody puts in their place later is theirs, and is called.
READ_BODY, CLOSE_REQUEST, CLOSE_RESPONSE = ASGIHandler.read_body, ASGIRequest.close, HttpResponseBase.close


def default_threads() -> int:
    """As many as Python's own thread pools have by default."""
    return min(32, (os.cpu_count() or 1) + 4)


class FastlaneHandler(ASGIHandler):
    """Drop-in for ``ASGIHandler``; the differences are listed in README.md.

    What ``handle`` needs is not set in ``__init__``, which handlers such as ``ASGIStaticFilesHandler`` do not call.
    """

    @cached_property
    def threads(self) -> ThreadPool:
        """The threads that this handler's requests lease."""
        size = getattr(settings, "FASTLANE_THREADS", None) or default_threads()
        return ThreadPool(size, getattr(settings, "FASTLANE_MAX_THREADS", None) or MAX_THREADS)

    @cached_property
    def sender(self) -> type[ASGIHandler]:
        """Whom Django's request signals name: the handler that this one stands for."""
        return ASGIHandler if type(self) is FastlaneHandler else type(self)

    @cached_property
    def _announcements(self) -> tuple[Announcements, Announcements]:
        return announcements(self.sender)

    def load_middleware(self, is_async: bool = False) -> None:
        """Stock's chain, in which hooks that only compute no longer go to a thread."""
        super().load_middleware(is_async=is_async)
        if is_async:
            error_pages.keep_on_thread(self)
            inline.apply(self)

    async def _get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """A view's error becomes a page on the request's own thread, where its transaction is (ticket 36027)."""
        try:
            return await super()._get_response_async(request)  # type: ignore[misc, no-any-return]
        except Exception as error:
            if settings.DEBUG_PROPAGATE_EXCEPTIONS:  # no page is made, and stock's wrapper announces the error
                raise
            return await sync_to_async(response_for_exception)(request, error)

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Answer one request. The thread that it leases, if it needs one, is found by asgiref under its context."""
        executors = SyncToAsync.context_to_thread_executor
        context = SyncToAsync.thread_sensitive_context.get(None)
        lease: Lease | None = None
        if context is not None:
            new = Lease(self.threads)
            found = executors.setdefault(context, new)
            if found is new:
                lease = new
            elif isinstance(found, Lease):  # a caller's context around several requests, who share its thread
                lease = found
                lease.users += 1
        try:
            await self._answer(scope, receive, send, lease)
        finally:
            if lease is not None:
                lease.users -= 1
                if not lease.users:
                    if lease.asked:
                        lease.end()
                    # Before the context exits, which would shut down what it finds; tasks that outlive the request
                    # then get a thread of their own, as in stock.
                    executors.pop(context, None)  # type: ignore[arg-type]

    async def _answer(self, scope: Message, receive: Receive, send: Send, lease: Lease | None) -> None:
        try:
            if type(self).read_body is not READ_BODY:  # a handler with its own way of reading keeps it
                body_file = await self.read_body(receive)
            else:
                most_bytes = check_declared(scope)
                message = await receive()
                body_file = io.BytesIO() if message == NO_BODY else await spool(message, receive, most_bytes)
        except RequestAborted:
            return
        except BodyTooLarge as error:
            await refuse(scope, receive, send, error.more)
            return
        task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]
        within = _visit.get(None)
        if within is None or within.task() is not task:
            visit = _Visit(task)
            try:
                await self._exchange(scope, receive, send, lease, body_file, task)
            finally:
                visit.ends()
        else:
            # A server that answers several requests in one task, or a view that calls the application: what another
            # view has set must not be seen here, nor what is set here there. Stock has a task for every view.
            exchange = self._exchange(scope, receive, send, lease, body_file, None)
            await task.get_loop().create_task(exchange, context=within.context_of_another())

    async def _exchange(
        self,
        scope: Message,
        receive: Receive,
        send: Send,
        lease: Lease | None,
        body_file: IO[bytes],
        task: asyncio.Task[Any] | None,
    ) -> None:
        request: ASGIRequest | None = None
        response: HttpResponseBase | None = None
        started, finished = self._announcements
        if task is None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine that runs
        cancelling = task.cancelling()
        disconnects = Disconnects(receive, task)
        # Below a caller's sync function, or on an executor of its own, its thread is used, as in stock.
        whole = lease is None or value_of(AsyncToSync.executors, "current") is not None
        try:
            _set_script_prefix(scope)
            if (receivers := started.send(whole, scope=scope)) is not None:
                await _in_this_context(receivers)
            request, response = self.create_request(scope, body_file)
            known = references(request)
            if request is not None:
                response = await disconnects.watch(self.run_get_response(request))
            if response is not None:
                response._handler_class = self.sender  # type: ignore[attr-defined]
                await disconnects.watch(send_response(self, response, send))
        except asyncio.CancelledError:
            # The client has gone, or the view ended itself; a server that cancels has it passed on.
            if task.cancelling() > cancelling + disconnects.gone:
                raise
        finally:
            disconnects.stop()
            try:
                if (ending := self._finish(response, finished, lease, whole)) is not None:
                    await _uninterrupted(ending)
            finally:
                body_file.close()
            if request is not None and response is not None and not TIES.isdisjoint(request.__dict__):
                others = references(request) - known  # counted in this frame both times, so its own are left out
                cut_ties(request, others)
        if disconnects.error is not None:
            raise disconnects.error

    def _finish(
        self,
        response: HttpResponseBase | None,
        finished: Announcements,
        lease: Lease | None,
        whole: bool,
    ) -> Awaitable[Any] | None:
        """``request_finished``, once, and the response closed; what has to wait for the thread is returned."""
        # In a context that a caller has around several requests, what runs may be another's, and wait for this one.
        runs = lease is not None and lease.users == 1 and (lease.running or lease.jobs)
        if runs or (response is not None and (whole or not _holds_nothing(response))):
            return self._end(response, finished, lease if runs else None, whole)
        if response is not None:  # its close() up to the signal
            response._resource_closers.clear()  # type: ignore[attr-defined]
            response.closed = True
        return finished.send(whole)

    async def _end(
        self, response: HttpResponseBase | None, finished: Announcements, runs: Lease | None, whole: bool
    ) -> None:
        if runs is not None:
            await runs.quiet()
        if response is not None:
            await sync_to_async(response.close)()  # which announces it
        elif (receivers := finished.send(whole)) is not None:
            await receivers


class _Visit:
    """A request that is, or was, answered in this task and context."""

    __slots__ = ("after", "before", "task")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task, self.before = ref(task), copy_context()
        self.after: Context | None = None
        _visit.set(self)

    def ends(self) -> None:
        """Keep what is set now; not this among it, which would be a cycle for the garbage collector to find."""
        _visit.set(None)
        self.after = copy_context()
        _visit.set(self)

    def context_of_another(self) -> Context:
        """What the server has set is in it; what the view of this one has set is not."""
        if self.after is None:  # it goes on, and calls the application itself
            return copy_context()
        context = self.before.copy()
        for variable, value in copy_context().items():
            if self.after.get(variable, self) is not value:
                context.run(variable.set, value)
        return context


_visit: ContextVar[_Visit | None] = ContextVar("fastlane_visit")


def _set_script_prefix(scope: Message) -> None:
    """As Django's ``set_script_prefix``, which takes longer. None set is "/" for Django."""
    forced = object.__getattribute__(settings, "__dict__").get("FORCE_SCRIPT_NAME", "")
    if forced is None and not scope.get("root_path") and value_of(_prefixes, "value") in (None, "/"):
        return
    set_script_prefix(get_script_prefix(scope))


def _holds_nothing(response: Any) -> bool:
    """Whether ``response.close()`` has nothing to close: only the request, to which no file was uploaded."""
    if type(response).close is not CLOSE_RESPONSE or "close" in response.__dict__:
        return False
    for closer in response._resource_closers:
        if getattr(closer, "__func__", None) is not CLOSE_REQUEST or closer.__self__.__dict__.get("_files"):
            return False
    return True


async def _in_this_context(awaitable: Awaitable[Any]) -> None:
    """Await to the end, as below; what has been set meanwhile is seen here, as if there was no task between."""
    context = copy_context()

    async def awaited() -> None:
        await awaitable

    await _uninterrupted(asyncio.get_running_loop().create_task(awaited(), context=context))
    for variable, value in context.items():
        if variable.get(context) is not value:
            variable.set(value)


async def _uninterrupted(awaitable: Awaitable[Any]) -> None:
    """Await to the end; a cancellation is raised after it."""
    cancelled: asyncio.CancelledError | None = None
    future = asyncio.ensure_future(awaitable)
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: S110 - it is raised below
            pass
    future.result()
    if cancelled is not None:
        raise cancelled
