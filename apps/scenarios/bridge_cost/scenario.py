"""The card of ``bridge_cost``."""

from __future__ import annotations

import json
import random

from apps.scenarios.bridge_cost import work
from apps.scenarios.contract import Exchange, Expectation, Scenario, Setting, Settings, Sweep, Variant
from benchmarks.axes import plain
from benchmarks.exceptions import UsageError

HOPS = "hops"


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random item; every step adds one to it. Raises UsageError for a part of a hop."""
    item, hops = dice.randrange(1, 1_000_000), int(settings[HOPS])
    if hops != settings[HOPS]:
        raise UsageError(
            f"bridge_cost cannot make {plain(settings[HOPS])} hops", hint="hops is a whole number, like --set hops=3"
        )
    body = json.dumps({"answer": item + hops}).encode()
    return Exchange(f"item={item}&hops={hops}", expectation=Expectation(body=body))


SCENARIO = Scenario(
    name="bridge_cost",
    title="The way to a thread and back",
    question="What does one sync_to_async cost, when the work behind it costs nothing?",
    claims=("C10",),
    look_for=(
        "CPU per request from 0 to 10 hops: a tenth of the difference is the price of one. Every ORM call and every "
        "cache call of an async view pays it, and under ASGI so does every hook of Django's own middlewares. The "
        "wrapped variant makes one hop however many steps there are: sync work belongs behind one bridge, not behind "
        "one each. aiohttp's asyncio.to_thread goes the same way and carries less."
    ),
    variants=(
        Variant("sync", "calls the step directly: no hops, however many steps"),
        Variant("async", "await sync_to_async(step) each time", hops=1),
        Variant("wrapped", "all steps behind one sync_to_async", hops=1),
        Variant("aiohttp", "await asyncio.to_thread(step) each time, on the loop's own threads"),
    ),
    exchange=exchange,
    more_settings=(
        Setting(HOPS, 1.0, most=float(work.MOST_HOPS), summary="calls of a function that is not on the event loop"),
    ),
    cost_per="hops",
    sweep=Sweep(HOPS, (0.0, 1.0, 3.0, 10.0)),
    example="item=1&hops=1",
    malformed=(
        "",
        "item=1",
        "hops=1",
        "item=1&hops=",
        "item=1&hops=x",
        "item=1&hops=-1",
        "item=1&hops=1.5",
        "item=1&hops=101",
        "item=1&hops=1e1",
        "item=1&hops=1&hops=1",
        "item=0&hops=1",
    ),
    exchanges=200,
    contenders=(
        "sync@gunicorn-threads",
        "wrapped@uvicorn",
        "async@uvicorn",
        "async@uvicorn-fastlane",
        "aiohttp@aiohttp",
    ),
)
