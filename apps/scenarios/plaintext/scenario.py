"""The card of ``plaintext``."""

from __future__ import annotations

import random

from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.plaintext import work

EXCHANGE = Exchange(expectation=Expectation(body=work.BODY, media_type=work.CONTENT_TYPE))


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    return EXCHANGE


SCENARIO = Scenario(
    name="plaintext",
    title="Framework overhead alone",
    question="What does a request cost before it does any work?",
    claims=("C8",),
    look_for=(
        "CPU per request. Nothing waits here, so nothing can be gained by not waiting: what differs is how much the "
        "server and the framework do around a view, and how often a request changes threads."
    ),
    variants=(
        Variant("sync", "returns thirteen bytes"),
        Variant("async", "the same in a coroutine"),
        Variant("wrapped", "a coroutine that asks a thread for the thirteen bytes", hops=1),
        Variant("aiohttp", "the same without Django"),
    ),
    exchange=exchange,
    exchanges=1,
)
