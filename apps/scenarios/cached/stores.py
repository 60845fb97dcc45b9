"""The aiohttp service's cache, doing what Django's two backends do: the same bytes under the same keys."""

from __future__ import annotations

import pickle
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from apps.scenarios.cached import connection

if TYPE_CHECKING:
    from redis.asyncio import Redis

VERSION = 1  # Django's default, a part of every key


class Store(Protocol):
    """What the view asks for."""

    async def get(self, key: str) -> Any: ...
    async def set(self, key: str, value: Any, keep_s: int) -> None: ...


class LocalStore:
    """As LocMem: values are pickled, so that nobody changes what somebody else has got."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[bytes, float]] = {}  # the keys are few: nothing has to be thrown away

    async def get(self, key: str) -> Any:
        pickled, until_s = self._entries.get(key, (b"", 0.0))
        if until_s <= time.time():
            self._entries.pop(key, None)
            return None
        return pickle.loads(pickled)  # noqa: S301 - its own

    async def set(self, key: str, value: Any, keep_s: int) -> None:
        self._entries[key] = (pickle.dumps(value, pickle.HIGHEST_PROTOCOL), time.time() + keep_s)


class RedisStore:
    """As RedisCache: whole numbers as they are, the rest pickled."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def get(self, key: str) -> Any:
        data: Any = await self._client.get(self._full(key))
        if data is None:
            return None
        try:
            return int(data)
        except ValueError:
            return pickle.loads(data)  # noqa: S301 - only this project writes under its prefix

    async def set(self, key: str, value: Any, keep_s: int) -> None:
        data = value if type(value) is int else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        await self._client.set(self._full(key), data, ex=keep_s)

    def _full(self, key: str) -> str:
        return f"{connection.KEY_PREFIX}:{VERSION}:{key}"


@asynccontextmanager
async def open_store() -> AsyncIterator[Store]:
    """The Redis that is named, else this process's memory."""
    if not connection.REDIS_URL:
        yield LocalStore()
        return
    from redis.asyncio import Redis  # a server without one need not hold it in memory

    async with Redis.from_url(connection.REDIS_URL, max_connections=connection.MOST_CONNECTIONS) as client:
        yield RedisStore(client)
