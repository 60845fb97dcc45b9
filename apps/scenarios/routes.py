"""Variants → routes: ``/<scenario>/<variant>/`` in Django and in the aiohttp sibling, and their lifespans.

A view module may have a ``lifespan``: for Django an async context manager over the ASGI state, for aiohttp a cleanup
context of the application. It opens what must be opened once per process, on its event loop.
"""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.registry import names, scenario, scenarios, view_module
from benchmarks.servers.base import Interface

if TYPE_CHECKING:
    from aiohttp import web
    from django.urls import URLPattern

IDENTITY = "_identity/"


def identity() -> dict[str, Any]:
    """What a server answers to prove that it is the one this run started, and what it has used since it began.

    Only the process itself can tell the context switches of threads that have ended. Outside a run it tells nothing.
    """
    if "CROSSOVER_NONCE" not in os.environ:
        return {"nonce": ""}
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "nonce": os.environ["CROSSOVER_NONCE"],
        "pid": os.getpid(),
        "cpu_s": used.ru_utime + used.ru_stime,
        "voluntary_switches": used.ru_nvcsw,
        "involuntary_switches": used.ru_nivcsw,
    }


def variants(aiohttp: bool) -> Iterator[tuple[Scenario, Variant, ModuleType]]:
    """Every applicable variant of one framework with its module.

    ``CROSSOVER_ONLY=<scenario>/<variant>`` leaves one: a server under load imports, and holds in memory, only what it
    is measured with.
    """
    only = os.environ.get("CROSSOVER_ONLY", "")
    one = only.partition("/")[0]
    for card in [scenario(one)] if one in names() else scenarios().values():
        for variant in card.applicable:
            if (Interface.AIOHTTP in variant.interfaces) == aiohttp and only in ("", f"{card.name}/{variant.name}"):
                yield card, variant, view_module(card, variant)


def django_urls() -> list[URLPattern]:
    """The Django variants' URL patterns, named ``<scenario>-<variant>``."""
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    def tell_identity(request: HttpRequest) -> JsonResponse:
        return JsonResponse(identity())

    return [
        path(IDENTITY, tell_identity),
        *(
            path(f"{card.name}/{variant.name}/", module.view, name=f"{card.name}-{variant.name}")
            for card, variant, module in variants(aiohttp=False)
        ),
    ]


@asynccontextmanager
async def django_lifespan(state: dict[str, Any]) -> AsyncIterator[None]:
    """Open what the Django variants need on the loop, close it at shutdown."""
    lifespans = (getattr(module, "lifespan", None) for _, _, module in variants(aiohttp=False))
    async with AsyncExitStack() as stack:
        for lifespan in dict.fromkeys(filter(None, lifespans)):  # several views may share one
            await stack.enter_async_context(lifespan(state))
        yield


def add_aiohttp_routes(app: web.Application) -> None:
    """Give an aiohttp application the same paths for the aiohttp variants."""
    from aiohttp import web

    async def tell_identity(request: web.Request) -> web.Response:
        return web.json_response(identity())

    app.router.add_get(f"/{IDENTITY}", tell_identity)
    for card, variant, module in variants(aiohttp=True):
        app.router.add_route("*", f"/{card.name}/{variant.name}/", module.view)
        lifespan = getattr(module, "lifespan", None)
        if lifespan is not None and lifespan not in app.cleanup_ctx:  # several scenarios may share one
            app.cleanup_ctx.append(lifespan)
