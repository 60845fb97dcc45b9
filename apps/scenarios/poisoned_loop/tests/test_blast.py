"""What one blocking call does to an innocent who comes while it lasts: on real servers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest

from apps.scenarios.poisoned_loop import work
from apps.scenarios.registry import scenarios
from benchmarks.servers.process import Process, get

CARD = scenarios()["poisoned_loop"]
POISON_S = work.LONGEST_POISON_MS / 1000
TRIES = 3  # of which the middle one counts: on a busy machine one may be late
POISONED = ("async@uvicorn", "aiohttp@aiohttp")

pytestmark = pytest.mark.slow


def innocent_s(port: int, variant: str) -> float:
    """How long an innocent's answer takes who comes a moment after a poisoned one."""

    def ask(query: str) -> float:
        began_s = time.monotonic()
        assert get(port, f"/poisoned_loop/{variant}/?{query}", timeout_s=10)[0] == 200
        return time.monotonic() - began_s

    ask("item=1&poison_ms=1")  # what it opens is open
    with ThreadPoolExecutor(2) as executor:
        poisoned = executor.submit(ask, f"item=2&poison_ms={POISON_S * 1000:g}")
        time.sleep(POISON_S / 4)
        found_s = executor.submit(ask, "item=3").result()
        assert poisoned.result() >= POISON_S * 0.99
    return found_s


@pytest.mark.parametrize("contender", CARD.contenders)
def test_an_innocent_waits_where_the_loop_is_blocked_and_nowhere_else(
    contender: str, serve_all: Callable[[str], Process]
) -> None:
    variant, _, server = contender.partition("@")
    found_s = median(innocent_s(serve_all(server).port, variant) for _ in range(TRIES))
    if contender in POISONED:
        assert found_s > POISON_S / 2
    else:
        assert found_s < POISON_S / 2
