"""What poisoned_loop is asked for, and by whom; that all variants answer alike is the parity suite's."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from multidict import MultiDict

from apps.scenarios.poisoned_loop import scenario, work
from apps.scenarios.registry import scenarios

CARD = scenarios()["poisoned_loop"]


def ordered(query: str) -> tuple[int, float] | None:
    return work.order(MultiDict([pair.partition("=")[::2] for pair in query.split("&") if pair]))


@pytest.mark.parametrize("query", CARD.malformed)
def test_the_cards_malformed_queries_are_no_order(query: str) -> None:
    assert ordered(query) is None


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("item=7", (7, 0.0)),
        ("item=7&poison_ms=0", (7, 0.0)),
        ("item=7&poison_ms=50", (7, 50.0)),
        ("item=7&poison_ms=250", (7, 250.0)),
    ],
)
def test_who_asks_for_no_poison_is_innocent(query: str, order: tuple[int, float]) -> None:
    assert ordered(query) == order


@pytest.mark.parametrize(("share", "poisoned"), [(0.0, 0), (0.001, 1), (0.01, 10), (0.5, 500), (1.0, 1000)])
@pytest.mark.parametrize("seed", range(3))
def test_exactly_so_many_are_poisoned(share: float, poisoned: int, seed: int) -> None:
    groups = Counter(one.group for one in CARD.draw(seed, {"poison": share}))
    assert (groups["poisoned"], groups["innocent"]) == (poisoned, 1000 - poisoned)


def test_the_same_are_asked_whatever_the_poison() -> None:
    """And who would be poisoned is no innocent without it: the same innocents are compared."""
    drawn = [CARD.draw(3, {"poison_ms": poison_ms}) for poison_ms in (0.0, 1.0, 50.0)]
    asked = [[(one.query.partition("&")[0], one.group) for one in some] for some in drawn]
    assert asked[0] == asked[1] == asked[2]
    assert not any("poison" in one.query for one in drawn[0])
    innocents = [[one for one in some if one.group == "innocent"] for some in drawn]
    assert innocents[0] == innocents[1] == innocents[2]


def test_a_larger_share_adds_to_those_who_are_poisoned() -> None:
    few, many = (
        {one.query.partition("&")[0] for one in CARD.draw(3, {"poison": share}) if one.group == "poisoned"}
        for share in (0.01, 0.1)
    )
    assert few < many


def test_the_poisoned_are_spread_and_others_with_another_seed() -> None:
    places = [[place for place, one in enumerate(CARD.draw(seed)) if one.group == "poisoned"] for seed in (1, 2)]
    assert places[0] != places[1]
    assert all(max(some) - min(some) > 300 for some in places)


def test_what_was_drawn_before_does_not_matter() -> None:
    dice = random.Random(5)
    first = [scenario.exchange(dice, CARD.defaults) for _ in range(7)]
    del dice
    dice = random.Random(5)
    assert [scenario.exchange(dice, CARD.defaults) for _ in range(7)] == first


@pytest.mark.parametrize("poison_ms", [0.0, 0.125, 50.0, 250.0])
def test_what_a_card_draws_is_an_order_with_the_answer_it_expects(poison_ms: float) -> None:
    for exchange in CARD.draw(1, {"poison_ms": poison_ms, "poison": 0.5})[:20]:
        order = ordered(exchange.query)
        assert order is not None, exchange.query
        assert json.dumps(work.answer(*order)).encode() == exchange.expectation.body
        assert order[1] == (poison_ms if exchange.group == "poisoned" else 0.0)
