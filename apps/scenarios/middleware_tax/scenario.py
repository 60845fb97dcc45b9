"""The card of ``middleware_tax``."""

from __future__ import annotations

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.plaintext.scenario import exchange
from benchmarks.plan import Middleware

STACKS = (Middleware.NONE, Middleware.DEFAULT, Middleware.SYNC_ONLY)
HOSTED = ("sync@gunicorn-threads", "async@uvicorn", "async@uvicorn-fastlane", "sync@uvicorn")

SCENARIO = Scenario(
    name="middleware_tax",
    title="What stands before every view",
    question="What do middlewares cost, and what does one that knows no async cost under ASGI?",
    claims=("C10",),
    look_for=(
        "CPU per request against +none on the same server. Under WSGI a middleware is a function call. Under ASGI "
        "each of startproject's seven goes to a thread and back although all are called async capable: 15 hops a "
        "request, where +none makes 2. One sync-only middleware behind them does not add a hop: Django then runs all "
        "eight in one thread, 4 hops in all, and the thread is held until the view has answered, async or not; in "
        "front of the seven it would only add one more. On the fast lane those of the seven that only compute do so on "
        "the loop: no hop with them or without, and 2 with the sync-only one, which needs a thread there, too."
    ),
    variants=(
        Variant("sync", "plaintext's view behind no, the seven default, or eight middlewares"),
        Variant("async", "the same in a coroutine"),
        Variant("wrapped", not_applicable="what differs is in front of the view, and plaintext has the wrapped view"),
        Variant("aiohttp", not_applicable="it has none of Django's middlewares"),
    ),
    exchange=exchange,
    exchanges=1,
    contenders=tuple(f"{contender}+{stack}" for contender in HOSTED for stack in STACKS),
    baseline=f"{HOSTED[0]}+{Middleware.DEFAULT}",
)
