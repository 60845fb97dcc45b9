"""What is missing is looked up once and kept; then a request is four commands, on one pool of connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from django.core.cache import cache as django_cache
from django.test import RequestFactory

from apps.scenarios.cached import aiohttp_view, async_view, sync_view, work, wrapped_view
from apps.scenarios.cached.scenario import SCENARIO
from apps.scenarios.cached.stores import LocalStore
from benchmarks.servers.process import get
from benchmarks.services.cache import CacheService, open_cache
from benchmarks.tests.valkey import valkey
from benchmarks.wards import Guard
from conftest import Serve

VIEWS = {"sync": sync_view.view, "async": async_view.view, "wrapped": wrapped_view.view, "aiohttp": aiohttp_view.view}
REQUESTS = 20


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was not in the cache."""
    asked: list[tuple[str, int]] = []
    original = work.look_up

    def look_up(fact: str, book: int) -> int | float:
        asked.append((fact, book))
        return original(fact, book)

    monkeypatch.setattr(work, "look_up", look_up)
    return asked


@pytest.fixture
def app() -> Iterator[web.Application]:
    app = web.Application()
    app[aiohttp_view.STORE] = LocalStore()
    django_cache.clear()  # LocMem of this process
    yield app
    django_cache.clear()


def ask(variant: str, query: str, app: web.Application) -> dict[str, Any]:
    if variant == "aiohttp":
        return json.loads(asyncio.run(VIEWS[variant](make_mocked_request("GET", f"/?{query}", app=app))).body)
    answer = VIEWS[variant](RequestFactory().get(f"/?{query}"))
    return json.loads((answer if variant == "sync" else asyncio.run(answer)).content)


def seen(variant: str, book: int, app: web.Application) -> Any:
    key = work.key("seen", book)
    return asyncio.run(app[aiohttp_view.STORE].get(key)) if variant == "aiohttp" else django_cache.get(key)


@pytest.mark.parametrize("variant", VIEWS)
def test_what_is_missing_is_looked_up_once(
    variant: str, looked_up: list[tuple[str, int]], app: web.Application
) -> None:
    first = ask(variant, "book=7&item=123", app)
    assert looked_up == [("price", 7), ("stock", 7), ("rating", 7)]
    assert seen(variant, 7, app) == 123
    again = ask(variant, "book=7&item=124", app)
    assert len(looked_up) == 3
    assert again == {**first, "item": 124}
    assert seen(variant, 7, app) == 124


@pytest.mark.parametrize("variant", VIEWS)
def test_the_answer_is_what_the_cache_holds(
    variant: str, looked_up: list[tuple[str, int]], app: web.Application
) -> None:
    """Not what could be worked out beside it; zero is a value too."""
    for fact, value in (("price", 0), ("stock", 11), ("rating", 2.5)):
        django_cache.set(work.key(fact, 9), value, 60)
        asyncio.run(app[aiohttp_view.STORE].set(work.key(fact, 9), value, 60))
    found = ask(variant, "book=9&item=1", app)
    assert found == {"book": 9, "item": 1, "price": 0, "stock": 11, "rating": 2.5}
    assert looked_up == []


@pytest.fixture(scope="module")
def shared(guard: Guard) -> Iterator[CacheService]:
    with valkey(guard) as (url, _), open_cache(url) as cache:
        yield cache


@pytest.mark.slow
@pytest.mark.parametrize(
    "contender", ["sync@gunicorn-threads", "sync@uvicorn", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"]
)
def test_a_request_is_four_commands_and_opens_no_connection(contender: str, serve: Serve, shared: CacheService) -> None:
    variant, exchanges = contender.partition("@")[0], SCENARIO.draw(1)[:REQUESTS]

    def ask_all(port: int) -> list[bytes]:
        return [get(port, one.target(f"/cached/{variant}/"), timeout_s=10)[1] for one in exchanges]

    with serve("cached", contender, **shared.environment()) as process:
        ask_all(process.port)  # fills what is missing, and the pool
        commands, connections = shared.commands(), received(shared.url)
        assert ask_all(process.port) == [one.expectation.body for one in exchanges]
        assert (shared.commands() or 0) - (commands or 0) == 4 * REQUESTS
        assert received(shared.url) - connections == 1, "the one that counts"


@pytest.mark.slow
def test_all_variants_share_what_one_has_filled(serve: Serve, shared: CacheService) -> None:
    with redis.Redis.from_url(shared.url) as client:
        keys = [f"{shared.prefix}:1:{work.key(name, 42)}" for name in (*work.FACTS, "seen")]
        client.delete(*keys)
        with serve("cached", "sync@gunicorn-threads", **shared.environment()) as process:
            get(process.port, "/cached/sync/?book=42&item=1", timeout_s=10)
        assert client.exists(*keys) == len(keys)
        client.set(keys[0], 4242)
        with serve("cached", "aiohttp@aiohttp", **shared.environment()) as process:
            _, body = get(process.port, "/cached/aiohttp/?book=42&item=2", timeout_s=10)
        assert json.loads(body)["price"] == 4242
        assert client.get(keys[3]) == b"2"
        assert all(0 < client.ttl(key) <= work.KEEP_S for key in keys[1:])


def received(url: str) -> int:
    """Connections the server has been asked for so far."""
    with redis.Redis.from_url(url) as client:
        return int(client.info("stats")["total_connections_received"])
