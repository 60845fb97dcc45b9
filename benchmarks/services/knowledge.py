"""What the upstream's services are called and what each knows: pure, for Django servers must not load aiohttp."""

from __future__ import annotations

import random
from functools import lru_cache

DEFAULT_PORT = 8900
DEFAULT_DELAY_MS = 20.0
DEFAULT_JITTER = 0.1
SERVICES = (
    *("price", "stock", "reviews", "rating", "author"),
    *("shipping", "promotions", "related", "availability", "cover"),
)


@lru_cache(maxsize=1 << 17)
def answer_value(service: str, book: int) -> int:
    """What a service knows about a book: a number, the same in every run."""
    return random.Random(f"{service}/{book}").randrange(10_000)
