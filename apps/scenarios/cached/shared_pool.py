"""One pool of connections per process for Django's Redis cache, as aiohttp has by itself.

Django makes a cache object for each thread, and under ASGI for each request; each would have a pool of its own, so that
under ASGI every request would open a connection and drop it.
"""

from __future__ import annotations

from typing import Any

from redis import ConnectionPool


class SharedPool:
    """What Django's option ``pool_class`` asks for: something that has ``from_url``."""

    _pools: dict[str, ConnectionPool] = {}  # noqa: RUF012 - shared on purpose

    @classmethod
    def from_url(cls, url: str, **options: Any) -> ConnectionPool:
        pool = cls._pools.get(url)
        if pool is None:
            pool = cls._pools.setdefault(url, ConnectionPool.from_url(url, **options))
        return pool
