"""The card of ``poisoned_loop``."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from apps.scenarios.contract import Exchange, Expectation, Scenario, Setting, Settings, Sweep, Variant
from apps.scenarios.poisoned_loop import work
from benchmarks.axes import plain
from benchmarks.servers.base import Interface

EXCHANGES = 1000
decks: WeakKeyDictionary[random.Random, Iterator[int]] = WeakKeyDictionary()


def deal(dice: random.Random) -> int:
    """A number below EXCHANGES, each once before any comes again: one in a hundred is ten of a thousand, not about ten.

    With 4 in one run and 16 in the next, runs could not be compared.
    """
    if dice not in decks:
        decks[dice] = itertools.cycle(dice.sample(range(EXCHANGES), EXCHANGES))
    return next(decks[dice])


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random item; who is poisoned is the same whatever the poison, so that the innocents are too."""
    item, poisoned = dice.randrange(1, 1_000_000), deal(dice) < round(settings["poison"] * EXCHANGES)
    poison_ms = float(settings["poison_ms"]) if poisoned else 0.0
    return Exchange(
        f"item={item}" + (f"&poison_ms={plain(poison_ms)}" if poison_ms else ""),
        expectation=Expectation(body=json.dumps({"item": item, "blocked_ms": poison_ms}).encode()),
        group="poisoned" if poisoned else "innocent",
    )


SCENARIO = Scenario(
    name="poisoned_loop",
    title="One blocking call among a hundred requests",
    question="One request in a hundred blocks its thread for 50 ms: what do the other ninety-nine feel?",
    claims=("C9",),
    look_for=(
        "The p99 of the innocent requests, who block nothing, beside what it is without poison (0 ms). In an event "
        "loop the one who blocks stops all who are under way and all who come: async@uvicorn and aiohttp@aiohttp. The "
        "faster the server, the larger the share of its time that one call takes: see whether 1 ms is felt. In a "
        "threaded server the one who blocks holds a thread of its own. The cure is to move that one call off the loop "
        "(wrapped, aiohttp-cured): the innocents go as before, and only the poisoned pay a hop."
    ),
    variants=(
        Variant("sync", "time.sleep in a thread"),
        Variant("async", "time.sleep on the event loop: the poison"),
        Variant("wrapped", "time.sleep, and it alone, behind sync_to_async: the cure", hops=1),
        Variant("aiohttp", "time.sleep on the event loop: the poison"),
        Variant(
            "aiohttp-cured",
            "time.sleep, and it alone, in a thread of a pool: the cure",
            interfaces=frozenset({Interface.AIOHTTP}),
        ),
    ),
    exchange=exchange,
    more_settings=(
        Setting("poison", 0.01, 1.0, summary="share of requests that block"),
        Setting("poison_ms", 50.0, work.LONGEST_POISON_MS, summary="milliseconds that one of them blocks"),
    ),
    sweep=Sweep("poison_ms", (0.0, 1.0, 50.0)),
    contenders=(
        "sync@gunicorn-threads",
        "async@uvicorn",
        "wrapped@uvicorn",
        "aiohttp@aiohttp",
        "aiohttp-cured@aiohttp",
    ),
    exchanges=EXCHANGES,
    example="item=7&poison_ms=50",
    malformed=(
        "",
        "item=",
        "item=0",
        "poison_ms=50",
        "item=7&poison_ms=",
        "item=7&poison_ms=-1",
        "item=7&poison_ms=nan",
        "item=7&poison_ms=1e2",
        "item=7&poison_ms=250.001",
        "item=7&poison_ms=1&poison_ms=1",
        "item=7&item=7",
    ),
)
