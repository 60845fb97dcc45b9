"""The ASGI lifespan beside Django, whose own handler knows none."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Lifespan = Callable[[dict[str, Any]], AbstractAsyncContextManager[None]]


async def run_lifespan(lifespan: Lifespan, scope: Message, receive: Receive, send: Send) -> None:
    """Enter ``lifespan`` at startup and leave it at shutdown; a failure is told to the server with its reason."""
    await receive()
    try:
        async with lifespan(scope.setdefault("state", {})):
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except Exception:
        reason = traceback.format_exc()
        await send({"type": "lifespan.startup.failed", "message": reason})
        raise
    await send({"type": "lifespan.shutdown.complete"})
