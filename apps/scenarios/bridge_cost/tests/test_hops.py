"""The hops of a request are really made, and off the loop."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from asgiref.sync import SyncToAsync
from django.test import RequestFactory

from apps.scenarios.bridge_cost import aiohttp_view, async_view, sync_view, work, wrapped_view
from apps.scenarios.bridge_cost.scenario import SCENARIO
from benchmarks.exceptions import UsageError

SOME_HOPS = pytest.mark.parametrize("hops", [0, 1, 3, 10])
VIEWS = {"sync": sync_view.view, "async": async_view.view, "wrapped": wrapped_view.view}


@pytest.fixture
def hopped(monkeypatch: pytest.MonkeyPatch) -> list[SyncToAsync]:
    """Every use of a ``sync_to_async`` from here on."""
    hops: list[SyncToAsync] = []
    original = SyncToAsync.__call__

    async def counted(self: SyncToAsync, *args: Any, **kwargs: Any) -> Any:
        hops.append(self)
        return await original(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    return hops


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The thread of every step."""
    threads: list[int] = []

    def step(value: int) -> int:
        threads.append(threading.get_ident())
        return value + 1

    monkeypatch.setattr(work, "step", step)
    return threads


def ask(variant: str, query: str) -> dict[str, Any]:
    if variant == "aiohttp":
        answer = asyncio.run(aiohttp_view.view(make_mocked_request("GET", f"/?{query}")))
        return json.loads(answer.body)
    request = RequestFactory().get(f"/?{query}")
    response = VIEWS[variant](request)
    return json.loads((response if variant == "sync" else asyncio.run(response)).content)


@SOME_HOPS
@pytest.mark.parametrize("variant", ["sync", "async", "wrapped"])
def test_only_the_async_view_hops_for_every_step(variant: str, hops: int, hopped: list[SyncToAsync]) -> None:
    assert ask(variant, f"item=7&hops={hops}") == {"answer": 7 + hops}
    assert len(hopped) == {"sync": 0, "async": hops, "wrapped": 1}[variant]


@pytest.mark.parametrize("variant", SCENARIO.variants, ids=lambda variant: variant.name)
def test_the_card_tells_the_hops_of_its_example(variant: Any, hopped: list[SyncToAsync]) -> None:
    ask(variant.name, SCENARIO.example)
    assert len(hopped) == variant.hops


@SOME_HOPS
@pytest.mark.parametrize("variant", ["async", "wrapped", "aiohttp"])
def test_no_step_runs_on_the_loop(variant: str, hops: int, threads: list[int]) -> None:
    assert ask(variant, f"item=7&hops={hops}") == {"answer": 7 + hops}
    assert len(threads) == hops
    assert threading.get_ident() not in threads


def test_the_setting_asks_for_as_many_hops() -> None:
    one = SCENARIO.draw(1, {"hops": 10.0})[0]
    assert one.query.endswith("&hops=10")
    item = int(one.query.removeprefix("item=").partition("&")[0])
    assert json.loads(one.expectation.body or b"") == {"answer": item + 10}


def test_a_part_of_a_hop_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot make 1\.5 hops"):
        SCENARIO.draw(1, {"hops": 1.5})
