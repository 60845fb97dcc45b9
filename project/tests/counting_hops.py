"""The ASGI door with a counter of hops between loop and threads, for the test that counts them: ``GET /_hops/``."""

from __future__ import annotations

from typing import Any

from asgiref.sync import SyncToAsync

counted = 0
stock_call = SyncToAsync.__call__


async def counting_call(self: Any, *args: Any, **kwargs: Any) -> Any:
    global counted  # noqa: PLW0603 - one number per process is what is asked for
    counted += 1
    return await stock_call(self, *args, **kwargs)


SyncToAsync.__call__ = counting_call

from project.asgi import application as project  # noqa: E402 - the counter comes first


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer the count past Django, so that asking for it does not hop."""
    if scope["type"] != "http" or scope["path"] != "/_hops/":
        await project(scope, receive, send)
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(counted)))]}
    )
    await send({"type": "http.response.body", "body": str(counted).encode()})
