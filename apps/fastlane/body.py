"""A request's body, read before the view as stock does: into memory, then a temporary file; capped if wished."""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.conf import Settings, settings
from django.core.exceptions import RequestAborted

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger("django.request")

DISCARD_S = 2.0  # a connection that is closed on unread data is reset, and the client may not see the answer
MOST_DIGITS = 18  # of a length that can be meant
NO_BODY = {"type": "http.request", "body": b"", "more_body": False}  # as servers say it
REFUSAL = b"413 Payload too large"


class BodyTooLarge(Exception):
    """The body is longer than FASTLANE_MAX_BODY_BYTES; ``more`` of it may be on its way."""

    def __init__(self, more: bool = True) -> None:
        super().__init__(more)
        self.more = more


def check_declared(scope: Message) -> int | None:
    """FASTLANE_MAX_BODY_BYTES. Raises BodyTooLarge if the request declares more."""
    # Asked for in Django's way, a setting that is not there costs an exception each time.
    module = object.__getattribute__(settings, "_wrapped")
    if type(module) is Settings and "FASTLANE_MAX_BODY_BYTES" not in module.__dict__:
        return None
    most_bytes: int | None = getattr(settings, "FASTLANE_MAX_BODY_BYTES", None)
    if most_bytes is not None and _declared_bytes(scope) > most_bytes:
        raise BodyTooLarge
    return most_bytes


async def spool(message: Message, receive: Receive, most_bytes: int | None) -> IO[bytes]:
    """The whole body, whose first message this is, as a file at its beginning, to be closed by the caller.

    Raises RequestAborted when the client goes, BodyTooLarge before more than ``most_bytes`` have been kept.
    """
    if _is_empty(message):
        return io.BytesIO()
    in_memory: int = settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    file = tempfile.SpooledTemporaryFile(max_size=in_memory, mode="w+b")  # noqa: SIM115 - the caller closes it
    size = 0
    try:
        while True:
            if message["type"] == "http.disconnect":
                raise RequestAborted
            body = message.get("body", b"")
            size += len(body)
            if most_bytes is not None and size > most_bytes:
                raise BodyTooLarge(more=message.get("more_body", False))
            if body and in_memory and size > in_memory:
                await sync_to_async(file.write, thread_sensitive=False)(body)
            elif body:
                file.write(body)
            if not message.get("more_body", False):
                break
            message = await receive()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _is_empty(message: Message) -> bool:
    return not message.get("body") and not message.get("more_body") and message["type"] == "http.request"


def _declared_bytes(scope: Message) -> int:
    for name, value in scope.get("headers", ()):
        if name == b"content-length" and value.isdigit():
            return int(value) if len(value) <= MOST_DIGITS else 10**MOST_DIGITS
    return 0


async def refuse(scope: Message, receive: Receive, send: Send, more: bool) -> None:
    """Answer 413, then read on for a moment so that the client gets to see it."""
    logger.warning("Payload too large: %s", scope["path"], extra={"status_code": 413})
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(REFUSAL)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
    # Not the last message yet: a server may close the connection on it.
    await send({"type": "http.response.body", "body": REFUSAL, "more_body": True})
    try:
        async with asyncio.timeout(DISCARD_S):
            while more:
                more = (await receive()).get("more_body", False)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})
