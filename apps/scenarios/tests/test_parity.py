"""Every scenario × variant on every server that can host it: the same answers, for the same work, on real parts."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable

import pytest

from apps.scenarios.contract import Scenario
from apps.scenarios.registry import scenarios
from benchmarks.axes import Level
from benchmarks.plan import Cell, Contender, Plan
from benchmarks.servers import load_servers
from benchmarks.servers.process import Process
from benchmarks.stage import Stage
from benchmarks.verify import verify
from conftest import Serve

SAID: dict[tuple[str, str], set[str]] = {}  # what was answered to a malformed query, by all contenders so far
SAMPLED = "granian-fastlane"  # its HTTP is that of granian-asgi, its handler that of uvicorn-fastlane
CELLS = [
    pytest.param(card, variant.name, server.name, id=f"{card.name}-{variant.name}@{server.name}")
    for card in scenarios().values()
    for variant in card.applicable
    for server in load_servers().values()
    if server.interface in variant.interfaces
    and not server.missing()
    and (server.lifespan or not variant.needs_lifespan)
    and (server.name != SAMPLED or variant.name == "async")
]
REFUSING = [
    pytest.param(card, variant, server, id=f"{card.name}-{variant}@{server}")
    for card, variant, server in (param.values for param in CELLS)
    if card.malformed and (not load_servers()[server].fastlane or variant == "async")  # the views' own code refuses
]


def ask(port: int, method: str, target: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_every_applicable_variant_is_covered():
    covered = {(param.values[0].name, param.values[1]) for param in CELLS}
    assert covered == {(card.name, variant.name) for card in scenarios().values() for variant in card.applicable}


@pytest.mark.slow
@pytest.mark.parametrize(("card", "variant", "server"), CELLS)
def test_equal_work(
    card: Scenario, variant: str, server: str, serve_all: Callable[[str], Process], stage: Stage, plan: Plan
):
    workload = next(item for item in plan.workloads if item.scenario == card.name)
    process = serve_all(server)
    for point in plan.points(workload):
        cell = Cell(card.name, Contender(variant, server), Level(1), point)
        stage.set_wait(workload, point)
        proved = verify(workload, cell, process.port, stage.counters, seed=f"parity {server}", primers=2)
        # The random sample, with what it cost database, upstream and cache, counted behind the server.
        assert len(proved) == 4
        assert not any("not counted" in line for line in proved)
    assert stage.audit(workload) == []


@pytest.mark.slow
@pytest.mark.parametrize(("card", "variant", "server"), REFUSING)
def test_bad_input_is_refused_by_all_alike_and_at_once(
    card: Scenario, variant: str, server: str, serve_all: Callable[[str], Process]
):
    process = serve_all(server)
    began_s = time.monotonic()
    for query in card.malformed:
        status, body = ask(process.port, card.method, f"/{card.name}/{variant}/?{query}")
        assert status == 400, query
        SAID.setdefault((card.name, query), set()).add(json.loads(body)["error"])
        assert len(SAID[card.name, query]) == 1, "every variant says the same"
    assert time.monotonic() - began_s < 1.0 * len(card.malformed), "no long wait for a bad parameter"


@pytest.mark.slow
def test_middlewares_are_the_seven_of_startproject_or_none(serve: Serve):
    seen = {}
    for middleware in ("", "+none"):
        with serve("plaintext", f"sync@gunicorn-threads{middleware}") as process:
            connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
            connection.request("GET", "/plaintext/sync/")
            headers = connection.getresponse().headers
            connection.close()
            seen[middleware] = {"X-Frame-Options", "Referrer-Policy", "X-Content-Type-Options"} & set(headers)
    assert len(seen[""]) == 3
    assert seen["+none"] == set()
