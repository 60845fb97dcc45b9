"""Looking on: a race's events out of the database and into a stream of server-sent events, for any worker.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from asgiref.sync import sync_to_async

from apps.results.models import Race, RaceEvent
from apps.results.races import settle

LOOK_S = 0.5
SETTLE_S = 2.0  # between two looks at whether its command is alive
QUIET_S = 10.0  # until something is said, so that nothing in between thinks the connection is dead
LONGEST_S = 20.0  # a server that shuts down waits for its streams; who is cut off reconnects and catches up
RETRY_MS = 1000
AT_ONCE = 100  # events read at a time
MOST_STREAMS = 32  # of one process: each holds a thread, which Django gives every request under ASGI

_streams: set[object] = set()


class Full(Exception):
    """As many look on already as this process can serve."""


async def follow(race: int, after: int) -> AsyncIterator[bytes]:
    """The stream of what came after the event ``after``. Raises Full, before anything is sent.

    It has begun when this returns, so that whoever counts as looking on is always counted out again.
    """
    if len(_streams) >= MOST_STREAMS:
        raise Full
    stream = _follow(race, after)
    first = await anext(stream)  # gives up control nowhere on its way

    async def whole() -> AsyncIterator[bytes]:
        async with aclosing(stream):
            yield first
            async for part in stream:
                yield part

    return whole()


def news(race: int, after: int) -> tuple[list[RaceEvent], bool]:
    """The next events, and whether the race is over."""
    over = not Race.objects.filter(pk=race, active=True).exists()  # asked first: its last event is there by then
    return list(RaceEvent.objects.filter(race=race, pk__gt=after)[:AT_ONCE]), over


async def _follow(race: int, after: int) -> AsyncGenerator[bytes, None]:
    token = object()
    _streams.add(token)
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        began_s = said_s = time.monotonic()
        settled_s = 0.0
        while time.monotonic() - began_s < LONGEST_S:
            if time.monotonic() - settled_s >= SETTLE_S:
                settled_s = time.monotonic()
                await sync_to_async(settle)()
            events, over = await sync_to_async(news)(race, after)
            for event in events:
                yield _told(event)
                after, said_s = event.pk, time.monotonic()
            if over and len(events) < AT_ONCE:
                return
            if time.monotonic() - said_s >= QUIET_S:
                said_s = time.monotonic()
                yield b": still here\n\n"
            if len(events) < AT_ONCE:
                await asyncio.sleep(LOOK_S)
    finally:
        _streams.discard(token)


def _told(event: RaceEvent) -> bytes:
    return f"id: {event.pk}\nevent: {event.kind}\ndata: {json.dumps(event.content)}\n\n".encode()
