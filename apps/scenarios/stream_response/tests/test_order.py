"""What stream_response is asked for, and what it streams; that all variants do so alike is the parity suite's."""

from __future__ import annotations

import json

import pytest
from multidict import MultiDict

from apps.scenarios.registry import scenarios
from apps.scenarios.stream_response import work

CARD = scenarios()["stream_response"]


def ordered(query: str) -> tuple[int, float] | None:
    return work.order(MultiDict([pair.partition("=")[::2] for pair in query.split("&") if pair]))


@pytest.mark.parametrize("query", CARD.malformed)
def test_the_cards_malformed_queries_are_no_order(query: str) -> None:
    assert ordered(query) is None


@pytest.mark.parametrize("query", ["item=7&wait=0", "item=7&wait=500", "wait=0.125&item=7", CARD.example])
def test_waits_up_to_the_longest_are_orders(query: str) -> None:
    assert ordered(query) is not None


def test_an_event_is_one_line_of_json_and_a_blank_one() -> None:
    assert work.event(7, 0) == b'data: {"item": 7, "chunk": 0}\n\n'
    assert [json.loads(work.event(7, number)[6:])["chunk"] for number in (0, 9)] == [0, 9]


@pytest.mark.parametrize("wait_ms", [0.125, 20.0, 500.0])
def test_what_a_card_draws_is_an_order_with_the_events_it_expects(wait_ms: float) -> None:
    for exchange in CARD.draw(1, {"wait": wait_ms})[:20]:
        item, asked_ms = ordered(exchange.query) or (0, 0.0)
        assert asked_ms == wait_ms
        events = [work.event(item, number) for number in range(work.EVENTS)]
        assert b"".join(events) == exchange.expectation.body
        assert exchange.expectation.chunks == len(events) == 10


def test_what_keeps_a_proxy_from_holding_events_back_is_looked_for_in_every_answer() -> None:
    expected = CARD.draw(1)[0].expectation
    assert {"Content-Type": expected.media_type, **dict(expected.headers)} == work.HEADERS


def test_every_variant_waits_between_its_events_and_not_before_the_first() -> None:
    assert {variant.waits for variant in CARD.applicable} == {work.EVENTS - 1}
