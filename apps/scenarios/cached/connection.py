"""How every variant reaches the cache: one place, so that none has it easier."""

from __future__ import annotations

import os
from typing import Any

REDIS_URL = os.environ.get("CROSSOVER_REDIS_URL", "")
KEY_PREFIX = os.environ.get("CROSSOVER_CACHE_PREFIX") or "crossover:browsed"  # never the bare keys of others
MOST_ENTRIES = 10_000  # of LocMem: with Django's 300 it would throw away what is read again at once
MOST_CONNECTIONS = 10_000  # as many as a Redis takes; redis-py's own 100 would answer more threads with an error


def django_caches() -> dict[str, dict[str, Any]]:
    """Django's ``CACHES``: the Redis that is named, else LocMem."""
    backends = "django.core.cache.backends"
    if not REDIS_URL:
        return {"default": {"BACKEND": f"{backends}.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": MOST_ENTRIES}}}
    return {
        "default": {
            "BACKEND": f"{backends}.redis.RedisCache",
            "LOCATION": [REDIS_URL],  # a list, for Django would cut text at commas
            "KEY_PREFIX": KEY_PREFIX,
            "OPTIONS": {
                "pool_class": "apps.scenarios.cached.shared_pool.SharedPool",
                "max_connections": MOST_CONNECTIONS,
            },
        }
    }
