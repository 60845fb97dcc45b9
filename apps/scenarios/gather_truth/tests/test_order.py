"""What gather_truth is asked for; that all variants answer alike is the parity suite's."""

from __future__ import annotations

import pytest
from multidict import MultiDict

from apps.scenarios.gather_truth import work
from apps.scenarios.gather_truth.scenario import SCENARIO


def read(query: str) -> work.Order | None:
    return work.order(MultiDict([pair.partition("=")[::2] for pair in query.split("&") if pair]))


def test_an_order_is_read_as_it_is_written() -> None:
    assert read("book=7&of=queries&wait=20") == work.Order(7, work.QUERIES, 20.0)
    assert read("book=7&of=calls") == work.Order(7, work.CALLS)


@pytest.mark.parametrize("query", SCENARIO.malformed)
def test_the_cards_malformed_queries_are_no_order(query: str) -> None:
    assert read(query) is None


def test_about_half_of_the_requests_ask_for_each_and_are_shown_apart() -> None:
    drawn = SCENARIO.draw(1, {"wait": 5.0})
    for of in (work.QUERIES, work.CALLS):
        some = [one for one in drawn if one.group == of]
        assert 0.4 < len(some) / len(drawn) < 0.6
        assert {(one.expectation.statements, one.expectation.upstream_calls) for one in some} == {
            (5, 0) if of == work.QUERIES else (0, 5)
        }
        orders = [read(one.query) for one in some]
        assert {(order and order.of, order and order.wait_ms) for order in orders} == {
            (of, 5.0 if of == work.QUERIES else 0.0)
        }


def test_a_pool_has_room_for_all_that_can_be_asked_at_once() -> None:
    assert SCENARIO.pool_size == SCENARIO.concurrency * len(work.COLUMNS)
