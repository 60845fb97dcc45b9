"""The card of ``stream_response``."""

from __future__ import annotations

import random

from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.stream_response import work
from benchmarks.axes import plain


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random item; every event names it."""
    item = dice.randrange(1, 1_000_000)
    expectation = Expectation(
        body=b"".join(b'data: {"item": %d, "chunk": %d}\n\n' % (item, number) for number in range(10)),
        media_type="text/event-stream",
        headers=(("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")),
        chunks=10,
    )
    return Exchange(f"item={item}&wait={plain(settings['wait'])}", expectation=expectation)


SCENARIO = Scenario(
    name="stream_response",
    title="A response that stays open",
    question="Ten server-sent events 20 ms apart: who delivers each when it is there, and what is held meanwhile?",
    claims=("C3", "C6"),
    look_for=(
        "The time to the first event and the gaps between events, not requests/s: every answer takes nine waits. An "
        "open response holds a thread in sync, so threads are slots, and gunicorn-sync serves one stream at a time. "
        "sync@uvicorn is the trap: Django drains a sync iterator into a list before it sends any of it under ASGI, so "
        "the first event comes after nine waits, with all the others: as many requests/s, and no stream; the fast lane "
        "streams it, a hop for every event. The wrapped variant streams, and pays that hop, too. See threads: stock "
        "Django under ASGI starts one for every request and keeps it until the response ends, so that an async view "
        "holds as many as a sync one; on the fast lane an async view holds none, as in aiohttp."
    ),
    variants=(
        Variant(
            "sync",
            "a generator with time.sleep; under ASGI stock Django drains it in a thread, the fast lane streams it",
            waits=9,
            hops=1,
            fastlane_hops=12,  # ten events, the end, and closing it
        ),
        Variant("async", "an async generator with asyncio.sleep", waits=9),
        Variant("wrapped", "an async generator that fetches each event from the sync one", waits=9, hops=11),
        Variant("aiohttp", "asyncio.sleep and web.StreamResponse", waits=9),
    ),
    exchange=exchange,
    wait_ms=20.0,
    longest_wait_ms=work.LONGEST_WAIT_MS,
    example="item=7&wait=20",
    malformed=(
        "",
        "item=7",
        "wait=20",
        "item=7&wait=",
        "item=7&wait=-1",
        "item=7&wait=nan",
        "item=7&wait=1e3",
        "item=7&wait=500.001",
        "item=7&wait=20&wait=20",
        "item=0&wait=20",
    ),
)
