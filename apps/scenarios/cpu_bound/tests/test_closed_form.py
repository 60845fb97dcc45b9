"""The card's closed form is the loop that the variants run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from apps.scenarios.cpu_bound import work
from apps.scenarios.cpu_bound.scenario import SCENARIO, jump


@given(value=some.integers(0, work.MODULUS - 1), steps=some.integers(0, 500))
def test_a_jump_lands_where_the_steps_lead(value: int, steps: int) -> None:
    assert jump(value, steps) == work.compute(value, steps)


@given(value=some.integers(0, work.MODULUS - 1), first=some.integers(0, 10**6), then=some.integers(0, 10**6))
def test_two_jumps_are_one_as_long_as_both(value: int, first: int, then: int) -> None:
    assert jump(jump(value, first), then) == jump(value, first + then)


def test_so_it_does_for_the_steps_of_a_request() -> None:
    for exchange in SCENARIO.draw(1)[:3]:
        seed = int(exchange.query.removeprefix("seed="))
        assert json.loads(exchange.expectation.body or b"") == {"seed": seed, "value": work.compute(seed)}


@pytest.mark.parametrize("seed", [1, work.MODULUS - 1])
def test_different_steps_give_different_answers(seed: int) -> None:
    """Else a variant could do less and nobody would see it."""
    assert len({work.compute(seed, steps) for steps in range(1000)}) == 1000
    assert jump(seed, work.STEPS) != jump(seed, work.STEPS - 1)
