"""A response as ASGI messages. What a sync iterator yields goes out as it comes, through the request's own thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import FileResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from .body import Send
from .release import give_back_between_pulls

FILE_BYTES = 256 * 1024  # of a file that are read in one hop
END: Any = object()
SEND_RESPONSE = ASGIHandler.send_response


async def send_response(handler: ASGIHandler, response: HttpResponseBase, send: Send) -> None:
    """As ``ASGIHandler.send_response``, which it leaves the work to where somebody has changed that."""
    if response.streaming or type(handler).send_response is not SEND_RESPONSE:
        if response.streaming and not getattr(response, "is_async", True):
            await _send_iterator(handler, response, send)
        else:
            await handler.send_response(response, send)  # type: ignore[arg-type]
        return
    await send({"type": "http.response.start", "status": response.status_code, "headers": _headers(response)})
    content: bytes = response.content  # type: ignore[attr-defined]
    if len(content) <= handler.chunk_size:
        await send({"type": "http.response.body", "body": content, "more_body": False})
        return
    for chunk, last in handler.chunk_bytes(content):
        await send({"type": "http.response.body", "body": chunk, "more_body": not last})


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    if type(response.headers) is ResponseHeaders and type(response).items is HttpResponseBase.items:
        # The same as below: they are strings by then, and need not be looked up one by one.
        headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.headers._store.values()]
    else:
        headers = [
            (
                name.encode("ascii") if isinstance(name, str) else bytes(name),
                value.encode("latin1") if isinstance(value, str) else bytes(value),
            )
            for name, value in response.items()
        ]
    if response.cookies:
        headers += [
            (b"Set-Cookie", morsel.output(header="").encode("ascii").strip()) for morsel in response.cookies.values()
        ]
    return headers


async def _send_iterator(handler: ASGIHandler, response: Any, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": _headers(response)})
    iterator = iter(response.streaming_content)
    is_file = isinstance(response, FileResponse) and response.file_to_stream is not None
    pull = sync_to_async(_file_parts if is_file else _one_part)
    while (part := await pull(iterator)) is not END:
        if is_file:
            give_back_between_pulls()
        for chunk, _ in handler.chunk_bytes(part):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})


def _one_part(iterator: Iterator[bytes]) -> bytes:
    return next(iterator, END)


def _file_parts(iterator: Iterator[bytes]) -> bytes:
    """Several blocks of a file: a hop each would be most of the work."""
    parts, size = [], 0
    for part in iterator:
        parts.append(part)
        size += len(part)
        if size >= FILE_BYTES:
            break
    return b"".join(parts) if parts else END
