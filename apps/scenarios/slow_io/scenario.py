"""The card of ``slow_io``."""

from __future__ import annotations

import json
import random

from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.slow_io import work
from benchmarks.axes import plain


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random item; the answer names it, and the wait that was asked for."""
    item, wait_ms = dice.randrange(1, 1_000_000), settings["wait"]
    body = json.dumps(work.answer(item, float(wait_ms))).encode()
    return Exchange(f"item={item}&wait={plain(wait_ms)}", expectation=Expectation(body=body))


SCENARIO = Scenario(
    name="slow_io",
    title="One wait, and nothing else",
    question="How many requests can wait at once, and what does waiting cost?",
    claims=("C1", "C3"),
    look_for=(
        "The ceiling beside each figure: slots divided by the wait. Worker processes and threads are slots, and who "
        "has few of them is at the ceiling long before the CPU is busy. With enough slots for all, only the CPU time "
        "per request differs. Sweep the wait, the workers or the threads to see where one overtakes the other."
    ),
    variants=(
        Variant("sync", "time.sleep", waits=1),
        Variant("async", "asyncio.sleep", waits=1),
        Variant("wrapped", "time.sleep in a thread per request", waits=1, hops=1),
        Variant("aiohttp", "asyncio.sleep, without Django", waits=1),
    ),
    exchange=exchange,
    wait_ms=50.0,
    longest_wait_ms=work.LONGEST_WAIT_MS,
    example="item=1&wait=50",
    malformed=(
        "",
        "item=1",
        "wait=5",
        "item=1&wait=",
        "item=1&wait=-1",
        "item=1&wait=nan",
        "item=1&wait=1e3",
        "item=1&wait=5001",
        "item=1&wait=5&wait=6",
        "item=0&wait=5",
    ),
)
