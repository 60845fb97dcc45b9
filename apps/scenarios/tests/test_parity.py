"""Every scenario × variant on every server that can host it: the same answers, for the same work, on real parts."""

from __future__ import annotations

import json

import pytest

from apps.scenarios.contract import Scenario
from apps.scenarios.registry import scenarios
from benchmarks.plan import Cell, Contender, Level
from benchmarks.servers import load_servers
from benchmarks.servers.process import get
from benchmarks.stage import Stage
from benchmarks.verify import verify
from conftest import Serve

CELLS = [
    pytest.param(card, variant.name, server.name, id=f"{card.name}-{variant.name}@{server.name}")
    for card in scenarios().values()
    for variant in card.applicable
    for server in load_servers().values()
    if server.interface in variant.interfaces and not server.missing()
]


def test_every_applicable_variant_is_covered():
    covered = {(param.values[0].name, param.values[1]) for param in CELLS}
    assert covered == {(card.name, variant.name) for card in scenarios().values() for variant in card.applicable}


@pytest.mark.slow
@pytest.mark.parametrize(("card", "variant", "server"), CELLS)
def test_equal_work(card: Scenario, variant: str, server: str, serve: Serve, stage: Stage, plan):
    workload = next(item for item in plan.workloads if item.scenario == card.name)
    with serve(card.name, f"{variant}@{server}") as process:
        cell = Cell(card.name, Contender(variant, server), Level(1))
        proved = verify(workload, cell, process.port, stage.counters, seed=f"parity {server}", primers=2)
        # The random sample, with what it cost the database and the upstream, counted behind the server.
        assert len(proved) == 3
        assert not any("not counted" in line for line in proved)
        reasons = set()
        for query in card.malformed:
            status, body = get(process.port, f"/{card.name}/{variant}/?{query}", timeout_s=10)
            assert status == 400, query
            reasons.add(json.loads(body)["error"])
        assert len(reasons) == (1 if card.malformed else 0)


@pytest.mark.slow
def test_middlewares_are_the_seven_of_startproject_or_none(serve: Serve):
    import http.client

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
