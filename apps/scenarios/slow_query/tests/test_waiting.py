"""What slow_query is asked for and how long it takes; that all variants answer alike is the parity suite's."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client
from multidict import MultiDict

from apps.catalog import corpus
from apps.scenarios.slow_query import work
from apps.scenarios.slow_query.scenario import SCENARIO
from benchmarks.servers.process import get
from conftest import Serve


@pytest.mark.parametrize("wait_ms", [0.001, 0.5, 20.0, 999.999, 5000.0])
def test_what_a_card_draws_is_an_order_with_the_answer_it_expects(wait_ms: float) -> None:
    for exchange in SCENARIO.draw(1, {"wait": wait_ms})[:20]:
        order = work.order(MultiDict(pair.split("=") for pair in exchange.query.split("&")))
        assert order is not None, exchange.query
        assert json.dumps(work.answer(corpus.book(order[0]), order[1])).encode() == exchange.expectation.body


def test_there_are_as_many_database_connections_as_clients() -> None:
    assert SCENARIO.pool_size == SCENARIO.concurrency


@pytest.mark.parametrize("variant", ["sync", "async", "wrapped"])
def test_sqlite_cannot_sleep_and_says_so_at_once(variant: str) -> None:
    response = Client().get(f"/slow_query/{variant}/?book=1&wait=5000")
    assert response.status_code == 501
    assert response.json()["error"].startswith("SQLite has no pg_sleep")


@pytest.mark.slow
@pytest.mark.parametrize("contender", ["sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"])
def test_the_database_waits_as_long_as_it_is_told_and_not_for_a_book_that_is_not_there(
    contender: str, serve: Serve
) -> None:
    path = f"/slow_query/{contender.partition('@')[0]}/"
    with serve("slow_query", contender) as process:
        began_s = time.monotonic()
        found = get(process.port, f"{path}?book=12&wait=300.5", timeout_s=10)
        took_s = time.monotonic() - began_s
        # 5000 ms would be over the time that is allowed here
        absent = get(process.port, f"{path}?book=2147483647&wait=5000", timeout_s=4)
    title = corpus.book(12).title
    assert (found[0], json.loads(found[1])) == (200, {"book": 12, "title": title, "waited_ms": 300.5})
    assert took_s > 0.3
    assert (absent[0], json.loads(absent[1])) == (404, work.NO_BOOK)
