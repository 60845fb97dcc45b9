"""The aiohttp service's cache does what Django's backends do: what one writes, the other reads."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.core.cache.backends.redis import RedisCache

from apps.scenarios.cached import connection, stores
from apps.scenarios.cached.shared_pool import SharedPool
from apps.scenarios.cached.stores import LocalStore, open_store
from benchmarks.services.cache import CacheService, open_cache
from benchmarks.tests.valkey import valkey
from benchmarks.wards import Guard

VALUES = [0, 7, -1, 2**40, 3.25, "text", "12", True, {"a": [1, 2]}]


@pytest.fixture(scope="module")
def cache(guard: Guard) -> Iterator[CacheService]:
    with valkey(guard) as (url, _), open_cache(url) as cache:
        yield cache


@pytest.fixture
def djangos(cache: CacheService, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisCache]:
    """Django's backend as the servers' settings make it, and the aiohttp service told of the same Redis."""
    monkeypatch.setattr(connection, "REDIS_URL", cache.url)
    monkeypatch.setattr(connection, "KEY_PREFIX", cache.prefix)
    monkeypatch.setattr(SharedPool, "_pools", {})
    params = connection.django_caches()["default"]
    assert params.pop("BACKEND") == "django.core.cache.backends.redis.RedisCache"
    yield RedisCache(params.pop("LOCATION"), params)
    for pool in SharedPool._pools.values():
        pool.disconnect()


def stored(url: str) -> dict[bytes, tuple[bytes, int]]:
    """Every key with its bytes and the seconds it has left."""
    with redis.Redis.from_url(url) as client:
        return {key: (client.get(key), client.ttl(key)) for key in client.scan_iter()}


async def put(key: str, value: Any, keep_s: int) -> None:
    async with open_store() as store:
        await store.set(key, value, keep_s)


async def look(key: str) -> Any:
    async with open_store() as store:
        return await store.get(key)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_both_write_the_same_bytes_under_the_same_key(value: Any, cache: CacheService, djangos: RedisCache) -> None:
    djangos.set("price/7", value, 600)
    by_django = stored(cache.url)
    djangos.delete("price/7")
    asyncio.run(put("price/7", value, 600))
    assert stored(cache.url) == by_django
    assert list(by_django) == [f"{cache.prefix}:1:price/7".encode()]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_reads_what_the_other_wrote(value: Any, djangos: RedisCache) -> None:
    djangos.set("stock/7", value, 600)
    assert asyncio.run(look("stock/7")) == value == djangos.get("stock/7")
    djangos.delete("stock/7")
    assert asyncio.run(look("stock/7")) is None


def test_djangos_cache_objects_of_a_process_share_one_pool(djangos: RedisCache) -> None:
    """Under ASGI there is one object a request."""
    params = connection.django_caches()["default"]
    another = RedisCache(params["LOCATION"], {**params})
    pools = {id(one._cache.get_client().connection_pool) for one in (djangos, another)}
    assert len(pools) == 1
    assert djangos._cache.get_client().connection_pool.max_connections == connection.MOST_CONNECTIONS


def test_without_a_redis_values_are_pickled_as_locmem_does() -> None:
    async def play() -> tuple[LocalStore, Any]:
        async with open_store() as store:
            assert isinstance(store, LocalStore)
            await store.set("rating/7", value, 600)
            return store, await store.get("rating/7")

    value = {"a": [1, 2]}
    store, found = asyncio.run(play())
    assert found == value
    assert found is not value
    (pickled, _) = store._entries["rating/7"]
    assert pickled == pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def test_what_is_too_old_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    store, now_s = LocalStore(), 1000.0
    monkeypatch.setattr(stores.time, "time", lambda: now_s)
    asyncio.run(store.set("rating/7", 1, 600))
    now_s += 599
    assert asyncio.run(store.get("rating/7")) == 1
    now_s += 1
    assert asyncio.run(store.get("rating/7")) is None
    assert store._entries == {}
