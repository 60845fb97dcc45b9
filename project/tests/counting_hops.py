"""An ASGI door with a counter of hops between loop and threads, for the test that counts them: ``GET /_hops/``.

``CROSSOVER_COUNTED`` names the door's module.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from asgiref.sync import SyncToAsync

from apps.fastlane.lease import Lease

counted = 0
stock_call, stock_submit = SyncToAsync.__call__, Lease.submit
asked_by_asgiref: ContextVar[bool] = ContextVar("asked_by_asgiref", default=False)


def count() -> None:
    global counted  # noqa: PLW0603 - one number per process is what is asked for
    counted += 1


async def counting_call(self: Any, *args: Any, **kwargs: Any) -> Any:
    count()
    token = asked_by_asgiref.set(True)
    try:
        return await stock_call(self, *args, **kwargs)
    finally:
        asked_by_asgiref.reset(token)


def counting_submit(self: Any, *args: Any, **kwargs: Any) -> Any:
    """What the fast lane has its thread do without asgiref is a hop, too."""
    if not asked_by_asgiref.get():
        count()
    return stock_submit(self, *args, **kwargs)


SyncToAsync.__call__, Lease.submit = counting_call, counting_submit

project = import_module(os.environ["CROSSOVER_COUNTED"]).application  # the counter comes first


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer the count past Django, so that asking for it does not hop."""
    if scope["type"] != "http" or scope["path"] != "/_hops/":
        await project(scope, receive, send)
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(str(counted)))]}
    )
    await send({"type": "http.response.body", "body": str(counted).encode()})
