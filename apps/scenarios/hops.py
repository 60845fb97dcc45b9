"""How often a request goes from the event loop to a thread and back: on stock Django beside the fast lane."""

from __future__ import annotations

from dataclasses import dataclass

from apps.scenarios.contract import Scenario, Variant
from benchmarks.plan import Middleware
from benchmarks.servers import load_servers
from benchmarks.servers.base import Interface, Server

STOCK, FASTLANE = "uvicorn", "uvicorn-fastlane"


@dataclass(frozen=True)
class Hops:
    """A variant's, behind the seven middlewares of startproject: in its view alone, and of the whole request."""

    variant: str
    view: int
    stock: int
    fastlane: int

    @property
    def saved(self) -> int:
        return self.stock - self.fastlane


def hops_of(card: Scenario) -> tuple[Hops, ...]:
    """Of every variant that runs on an event loop in Django: threads have none to leave, and aiohttp no middlewares."""
    servers = load_servers()
    return tuple(
        Hops(variant.name, variant.hops, _all(variant, servers[STOCK]), _all(variant, servers[FASTLANE]))
        for variant in card.applicable
        if Interface.ASGI in variant.interfaces
    )


def _all(variant: Variant, server: Server) -> int:
    return server.hops_around(Middleware.DEFAULT, sync_view=variant.is_sync) + variant.hops_on(server)
