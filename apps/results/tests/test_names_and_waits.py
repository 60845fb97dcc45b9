"""What a person may type for a run, a rate or a wait, at its edges."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError

import pytest
from multidict import MultiDict

from apps.results.sources import find_run
from apps.results.values import wait_ms
from apps.scenarios.registry import scenarios
from apps.scenarios.slow_io import work
from benchmarks.axes import Axis, Level, Point
from benchmarks.exceptions import UnknownName


@pytest.mark.parametrize("text", ["1234.567ms", "1000.001ms", "0.0001ms", "1.2345678s"])
def test_every_wait_that_can_be_swept_is_asked_for_as_it_was_given(text: str) -> None:
    """Or it is refused on the command line."""
    try:
        given_ms = wait_ms(text)
    except ArgumentTypeError:
        return
    exchange = scenarios()["slow_io"].draw(1, {"wait": given_ms})[0]
    order = work.order(MultiDict(pair.split("=") for pair in exchange.query.split("&")))
    assert order is not None
    assert json.dumps(work.answer(*order)).encode() == exchange.expectation.body


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("5ms", 5.0), ("0.5s", 500.0), ("2s", 2000.0), ("0.25ms", 0.25), ("007ms", 7.0)]
)
def test_waits_are_read_in_seconds_and_milliseconds(text: str, milliseconds: float) -> None:
    assert wait_ms(text) == milliseconds


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Level(1000, 100000.1), Level(1000, 100000.2)),
        (Level(1000, 1234.567), Level(1000, 1234.568)),
        (Point(Axis.WAIT, 1000.001), Point(Axis.WAIT, 1000.002)),
    ],
)
def test_what_is_not_the_same_is_not_called_the_same(one: object, other: object) -> None:
    """Cells of one name would be stored as one, and their rounds collide; finer ones are refused."""
    assert str(one) != str(other)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["0", "99", "9" * 20, "latest", "absent.json", "-1", "1.5", "a\0b"])
def test_a_run_that_is_not_there_is_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownName, match=r"there is no (run|file)") as caught:
        find_run(name)
    assert "no run is stored yet" in caught.value.hint


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["²", "9" * 5000, "a" * 5000])
def test_so_is_one_with_a_name_that_nothing_can_have(name: str) -> None:
    with pytest.raises(UnknownName):
        find_run(name)
