"""The ASGI application: ``application = get_fastlane_application()`` in a project's ``asgi.py``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import django

from .body import Message, Receive, Send

if TYPE_CHECKING:
    from .handler import FastlaneHandler


class FastlaneApplication:
    """The handler, and the ASGI lifespan that closes its threads at shutdown."""

    def __init__(self, handler: FastlaneHandler) -> None:
        self.handler = handler

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.handler(scope, receive, send)  # type: ignore[arg-type]
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def close(self) -> None:
        """End the threads and close their connections. For a project that answers ``lifespan`` itself."""
        await asyncio.get_running_loop().run_in_executor(None, self.handler.threads.close)


def get_fastlane_application() -> FastlaneApplication:
    """In place of Django's ``get_asgi_application()``; sets Django up as that does."""
    django.setup(set_prefix=False)
    from .handler import FastlaneHandler

    return FastlaneApplication(FastlaneHandler())
