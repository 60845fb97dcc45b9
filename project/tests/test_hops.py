"""How often each variant goes from the loop to a thread: what its card says is counted in a real server."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from apps.scenarios.contract import Exchange, Scenario, Variant
from apps.scenarios.registry import scenarios
from benchmarks.plan import Contender, Middleware, Plan
from benchmarks.servers import load_servers
from benchmarks.servers.base import Hosting, Interface, uvicorn
from benchmarks.servers.process import Process, get, start_command, wait_until_ready
from benchmarks.stage import Stage

pytestmark = pytest.mark.slow
ASGI = [
    pytest.param(card, variant, id=f"{card.name}-{variant.name}")
    for card in scenarios().values()
    for variant in card.applicable
    if Interface.ASGI in variant.interfaces
]
DOORS = {"uvicorn": "project.asgi", "uvicorn-fastlane": "project.asgi_fastlane"}
HOSTING = Hosting(cores=1, threads=8, python=sys.executable)
SETTLE_S = 0.1  # what Django does after the last byte is counted too


Counting = Callable[..., Process]


@pytest.fixture(scope="module")
def counting(stage: Stage, plan: Plan) -> Iterator[Counting]:
    """``counting("uvicorn-fastlane", "none")``: its entry point with a counter, started once for each stack."""
    started: dict[tuple[str, str], Process] = {}

    def counting_server(name: str, middleware: str = "default") -> Process:
        if (name, middleware) not in started:
            contender = Contender("all", name, middleware)
            env = {**stage.environment(plan.workloads[0], contender, 8), "CROSSOVER_ONLY": ""}
            env |= {**stage.cache.environment(), "CROSSOVER_COUNTED": DOORS[name]}
            words = uvicorn(HOSTING, "project.tests.counting_hops:application")
            started[name, middleware] = start_command(stage.guard, f"hops-{name}-{middleware}", words, env)
        wait_until_ready(started[name, middleware])
        return started[name, middleware]

    yield counting_server
    stage.guard.stop_all([process.ward for process in started.values()])


def hops_of(process: Process, card: Scenario, variant: Variant) -> int:
    """The most hops of a request, over requests of every kind; Django logs an error's answer, which is a hop more."""
    drawn = (exchange for exchange in card.draw(1) if exchange.expectation.status < 400)
    kinds = {(exchange.expectation.status, exchange.group): exchange for exchange in drawn}
    return max(hops_for(process, card, variant, exchange) for exchange in kinds.values())


def hops_for(process: Process, card: Scenario, variant: Variant, exchange: Exchange) -> int:
    """Hops of one request, once everything it opens is open."""
    seen = 0
    for _ in range(2):
        before = int(get(process.port, "/_hops/", timeout_s=5)[1])
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
        connection.request(exchange.method, exchange.target(f"/{card.name}/{variant.name}/"), headers=exchange.headers)
        response = connection.getresponse()
        response.read()
        assert response.status == exchange.expectation.status
        connection.close()
        time.sleep(SETTLE_S)
        seen = int(get(process.port, "/_hops/", timeout_s=5)[1]) - before
    return seen


@pytest.mark.parametrize("middleware", Middleware)
@pytest.mark.parametrize("name", DOORS)
def test_django_hops_around_a_view_as_often_as_its_server_says(name: str, middleware: str, counting: Counting):
    plaintext, server = scenarios()["plaintext"], load_servers()[name]
    for variant in ("async", "sync"):
        counted = hops_of(counting(name, middleware), plaintext, plaintext.variant(variant))
        assert counted == server.hops_around(middleware, sync_view=variant == "sync"), variant


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize(("card", "variant"), ASGI)
def test_a_view_hops_as_often_as_its_card_says(card: Scenario, variant: Variant, name: str, counting: Counting):
    server = load_servers()[name]
    around = server.hops_around("default", sync_view=variant.is_sync)
    assert hops_of(counting(name), card, variant) - around == variant.hops_on(server)
