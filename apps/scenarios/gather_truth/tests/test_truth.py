"""What is at once and what only looks like it, on real servers; and what is answered where it cannot be done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.scenarios.gather_truth import work
from benchmarks.axes import Point
from benchmarks.plan import Plan
from benchmarks.servers.process import Process, get
from benchmarks.stage import Stage
from conftest import Serve

pytestmark = pytest.mark.slow
LEGS, WAIT_MS, ATTEMPTS = 5, 50.0, 8
ALL_FIVE_S = LEGS * WAIT_MS / 1000
CONTENDERS = [
    "sync@gunicorn-threads",
    "wrapped@uvicorn",
    "async-serial@uvicorn",
    "async@uvicorn",
    "aiohttp@aiohttp",
]
AT_ONCE = {("async@uvicorn", work.CALLS), ("aiohttp@aiohttp", work.CALLS), ("aiohttp@aiohttp", work.QUERIES)}


@pytest.fixture
def slow_services(stage: Stage, plan: Plan) -> Iterator[None]:
    """Calls that take as long as the queries."""
    workload = next(item for item in plan.workloads if item.scenario == "gather_truth")
    stage.set_wait(workload, Point("wait", WAIT_MS))
    yield
    stage.set_wait(workload, Point())


def target(contender: str, query: str) -> str:
    return f"/gather_truth/{contender.partition('@')[0]}/?{query}"


@pytest.mark.usefixtures("slow_services")
@pytest.mark.parametrize("contender", CONTENDERS)
def test_only_some_of_what_is_gathered_is_at_once(contender: str, serve_all: Callable[[str], Process]) -> None:
    process = serve_all(contender.partition("@")[2])
    queries = {work.QUERIES: f"book=7&of=queries&wait={WAIT_MS:g}", work.CALLS: "book=7&of=calls"}
    for of, query in queries.items():
        took_s = []
        for _ in range(ATTEMPTS):
            began_s = time.monotonic()
            status, body = get(process.port, target(contender, query), timeout_s=10)
            took_s.append(time.monotonic() - began_s)
            assert status == 200
            assert not any("error" in leg for leg in json.loads(body)["legs"])
        assert (min(took_s) < ALL_FIVE_S) is ((contender, of) in AT_ONCE), (of, took_s)


@pytest.mark.parametrize("contender", CONTENDERS)
def test_a_book_that_is_not_there_is_not_found(contender: str, serve_all: Callable[[str], Process]) -> None:
    process = serve_all(contender.partition("@")[2])
    for _ in range(2):  # the first leaves nothing behind that the second would trip over
        status, body = get(process.port, target(contender, "book=2000000000&of=queries&wait=1"), timeout_s=10)
        assert (status, json.loads(body)) == (404, work.NO_BOOK)


@pytest.mark.parametrize("server", ["gunicorn-threads", "uvicorn"])
def test_on_sqlite_queries_are_refused_with_the_reason_and_calls_are_made(
    server: str, serve: Serve, tmp_path: Path
) -> None:
    hosted = [contender for contender in CONTENDERS if contender.endswith(f"@{server}")]
    sqlite = {"CROSSOVER_DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3", "CROSSOVER_SCHEMA": ""}
    with serve("gather_truth", hosted[0], CROSSOVER_ONLY="", **sqlite) as process:
        for contender in hosted:
            status, body = get(process.port, target(contender, "book=7&of=queries&wait=5"), timeout_s=10)
            assert (status, "has no pg_sleep" in json.loads(body)["error"]) == (501, True)
            status, body = get(process.port, target(contender, "book=7&of=calls"), timeout_s=10)
            assert (status, len(json.loads(body)["legs"])) == (200, LEGS)


def test_the_calls_do_without_a_database(serve: Serve) -> None:
    with serve("gather_truth", "aiohttp@aiohttp", CROSSOVER_DATABASE_URL="") as process:
        status, body = get(process.port, target("aiohttp@aiohttp", "book=7&of=calls"), timeout_s=10)
        assert (status, len(json.loads(body)["legs"])) == (200, LEGS)
        status, body = get(process.port, target("aiohttp@aiohttp", "book=7&of=queries&wait=5"), timeout_s=10)
        assert (status, "CROSSOVER_DATABASE_URL" in json.loads(body)["error"]) == (503, True)


def test_a_request_for_five_waits_its_turn_where_there_are_fewer_connections(serve: Serve) -> None:
    """Five of one request and one connection: a request that held one while asking for another would wait for ever."""
    with serve("gather_truth", "aiohttp@aiohttp", CROSSOVER_POOL_SIZE="1") as process:
        status, _ = get(process.port, target("aiohttp@aiohttp", "book=7&of=queries&wait=1"), timeout_s=10)
        assert status == 200
