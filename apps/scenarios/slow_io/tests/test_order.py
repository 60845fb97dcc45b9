"""What slow_io is asked for, and what it answers; that all variants do so alike is the parity suite's."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some
from multidict import MultiDict

from apps.scenarios.parameters import LARGEST_ID, milliseconds
from apps.scenarios.registry import scenarios
from apps.scenarios.slow_io import work
from benchmarks.servers.process import get
from conftest import Serve

CARD = scenarios()["slow_io"]


@pytest.mark.parametrize(
    ("text", "wait_ms"), [("0", 0.0), ("5", 5.0), ("0.125", 0.125), ("5000", 5000.0), ("007.5", 7.5)]
)
def test_milliseconds_are_plain_numbers(text: str, wait_ms: float) -> None:
    assert milliseconds(MultiDict(wait=text), "wait", work.LONGEST_WAIT_MS) == wait_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1.",
        ".5",
        "1e3",
        "nan",
        "inf",
        " 1",
        "1 ",
        "1\n",
        "1,5",
        "0.0001",
        "٣",
        "²",
        "5000.001",
        "9" * 99,
    ],
)
def test_what_is_no_plain_number_or_too_long_is_none(text: str) -> None:
    assert milliseconds(MultiDict(wait=text), "wait", work.LONGEST_WAIT_MS) is None


def test_a_repeated_wait_is_none() -> None:
    assert milliseconds(MultiDict([("wait", "1"), ("wait", "1")]), "wait", 5.0) is None


@given(item=some.integers(1, LARGEST_ID), wait_us=some.integers(0, 5_000_000))
def test_an_order_is_read_as_it_is_written(item: int, wait_us: int) -> None:
    wait_ms = wait_us / 1000
    assert work.order(MultiDict(item=str(item), wait=f"{wait_ms:.3f}")) == (item, wait_ms)


@pytest.mark.parametrize("query", CARD.malformed)
def test_the_cards_malformed_queries_are_no_order(query: str) -> None:
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    assert work.order(MultiDict(pairs)) is None


def test_the_answer_names_the_item_and_the_wait_that_was_asked_for() -> None:
    assert json.dumps(work.answer(7, 50.0)) == '{"item": 7, "waited_ms": 50.0}'


@pytest.mark.parametrize("wait_ms", [0.001, 0.5, 1.0, 50.0, 999.999, 5000.0])
def test_what_a_card_draws_is_an_order_with_the_answer_it_expects(wait_ms: float) -> None:
    for exchange in CARD.draw(1, {"wait": wait_ms})[:20]:
        order = work.order(MultiDict(pair.split("=") for pair in exchange.query.split("&")))
        assert order is not None, exchange.query
        assert json.dumps(work.answer(*order)).encode() == exchange.expectation.body


@pytest.mark.slow
@pytest.mark.parametrize("contender", ["sync@gunicorn-sync", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"])
def test_it_waits_as_long_as_it_is_told_and_answers_exactly_that(contender: str, serve: Serve) -> None:
    variant = contender.partition("@")[0]
    with serve("slow_io", contender) as process:
        began_s = time.monotonic()
        found = get(process.port, f"/slow_io/{variant}/?item=12&wait=300.5", timeout_s=10)
        took_s = time.monotonic() - began_s
        status, body = get(process.port, f"/slow_io/{variant}/?item=12&wait=5000.001", timeout_s=10)
    assert (found[0], json.loads(found[1])) == (200, {"item": 12, "waited_ms": 300.5})
    assert took_s > 0.3
    assert (status, json.loads(body)) == (400, work.BAD_ORDER)
