"""How often each variant goes from the loop to a thread: what its card says is counted in a real server."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterator

import pytest

from apps.scenarios.contract import Exchange, Scenario, Variant
from apps.scenarios.registry import scenarios
from benchmarks.plan import Contender, Plan
from benchmarks.servers.base import Interface
from benchmarks.servers.process import Process, get, start_command, wait_until_ready
from benchmarks.stage import Stage

pytestmark = pytest.mark.slow
ASGI = [
    pytest.param(card, variant, id=f"{card.name}-{variant.name}")
    for card in scenarios().values()
    for variant in card.applicable
    if Interface.ASGI in variant.interfaces
]
SETTLE_S = 0.1  # what Django does after the last byte is counted too


@pytest.fixture(scope="module")
def counting(stage: Stage, plan: Plan) -> Iterator[Process]:
    env = {**stage.environment(plan.workloads[0], Contender("all", "counted"), 8), "CROSSOVER_ONLY": ""}
    env |= stage.cache.environment()
    words = (
        sys.executable,
        "-m",
        "uvicorn",
        "project.tests.counting_hops:application",
        "--fd",
        "{fd}",
        "--lifespan",
        "on",
    )
    process = start_command(stage.guard, "counting-hops", words, env)
    wait_until_ready(process)
    yield process
    stage.guard.stop(process.ward)


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


@pytest.mark.parametrize(("card", "variant"), ASGI)
def test_a_view_hops_as_often_as_its_card_says(card: Scenario, variant: Variant, counting: Process):
    plaintext = scenarios()["plaintext"]
    around = hops_of(
        counting, plaintext, plaintext.variant("async")
    )  # middlewares, signals: the same for every request
    djangos_own = 1 if variant.name.partition("-")[0] == "sync" else 0  # Django runs a sync view in a thread
    assert hops_of(counting, card, variant) - around - djangos_own == variant.hops
