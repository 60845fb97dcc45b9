"""Many clients order the same few books at once: afterwards every copy is accounted for, in every variant."""

from __future__ import annotations

import http.client
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import psycopg
import pytest

from apps.scenarios.orm_write import work
from apps.scenarios.orm_write.scenario import SCENARIO, expectation
from benchmarks.stage import Stage
from conftest import Serve

CONTENDERS = ["sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"]
CLIENTS = 64
ORDERS_EACH = 6
BOOKS = (3, 12, 77)  # wanted by all, in every order, so that whoever locks them as they come meets another

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("contender", CONTENDERS)]


def send(connection: http.client.HTTPConnection, target: str, method: str = "POST") -> tuple[int, bytes, str | None]:
    connection.request(method, target)
    response = connection.getresponse()
    return response.status, response.read(), response.getheader("Allow")


def shop(port: int, variant: str, number: int) -> list[str]:
    """One client's orders, one after another; returns what was wrong with the answers."""
    dice = random.Random(f"client/{number}")
    ways = list(permutations(BOOKS))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    wrong = []
    for _ in range(ORDERS_EACH):
        order = work.Order("mara", {book: dice.randrange(1, 4) for book in dice.choice(ways)})
        lines = ",".join(f"{book}x{quantity}" for book, quantity in order.quantities.items())
        status, body, _ = send(connection, f"/orm_write/{variant}/?customer=mara&lines={lines}")
        if (status, body) != (201, expectation(order).body):
            wrong.append(f"{status} {body[:200]!r} to {lines}")
    connection.close()
    return wrong


def order_count(stage: Stage) -> int:
    assert stage.database is not None
    schema = stage.database.environment()["CROSSOVER_SCHEMA"]
    with psycopg.connect(stage.database.url) as connection:
        return connection.execute(f"SELECT count(*) FROM {schema}.catalog_order").fetchone()[0]


def test_no_copy_is_lost_and_none_sold_twice(contender: str, serve: Serve, stage: Stage) -> None:
    variant = contender.partition("@")[0]
    before = order_count(stage)
    with serve("orm_write", contender) as process, ThreadPoolExecutor(CLIENTS) as executor:
        answers = list(executor.map(lambda number: shop(process.port, variant, number), range(CLIENTS)))
    assert [wrong for answer in answers for wrong in answer] == []
    assert order_count(stage) - before == CLIENTS * ORDERS_EACH
    assert stage.database is not None
    assert stage.database.audit(SCENARIO.audit) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_orders_are_posted_and_nothing_else(contender: str, method: str, serve: Serve, stage: Stage) -> None:
    before = order_count(stage)
    with serve("orm_write", contender) as process:
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
        target = f"/orm_write/{contender.partition('@')[0]}/?{SCENARIO.example}"
        assert send(connection, target, method) == (405, b"", "POST")
        connection.close()
    assert order_count(stage) == before
