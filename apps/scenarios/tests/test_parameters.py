"""Query parameters are checked alike, whatever framework parsed them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from multidict import MultiDict

from apps.scenarios.parameters import LARGEST_ID, identifier, whole

Make = Callable[[list[tuple[str, str]]], Any]


def django_query(pairs: list[tuple[str, str]]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in pairs:
        query.appendlist(name, value)
    return query


both = pytest.mark.parametrize("make", [django_query, MultiDict])


@both
@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("42", 42), ("007", 7), ("0000000001", 1), (str(LARGEST_ID), LARGEST_ID), ("2147483647", 2_147_483_647)],
)
def test_a_positive_number_is_an_id(make: Make, text: str, number: int) -> None:
    assert identifier(make([("book", text)]), "book") == number


@both
@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "x", "²", "٣", "2147483648", "9" * 5000, "1\n"],
)
def test_what_is_no_positive_number_or_too_large_is_none(make: Make, text: str) -> None:
    assert identifier(make([("book", text)]), "book") is None


@both
@pytest.mark.parametrize("pairs", [[], [("author", "1")], [("book", "1"), ("book", "2")], [("book", "1")] * 2])
def test_an_absent_or_repeated_parameter_is_none(make: Make, pairs: list[tuple[str, str]]) -> None:
    assert identifier(make(pairs), "book") is None


@both
@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("100", 100), ("007", 7)])
def test_a_whole_number_lies_within_its_bounds(make: Make, text: str, number: int) -> None:
    assert whole(make([("hops", text)]), "hops", most=100) == number


@both
@pytest.mark.parametrize("text", ["", "-1", "+1", "101", "1.5", "1e1", "x", "0007", "²", "٣", " 1", "1\n"])
def test_what_is_no_whole_number_or_outside_its_bounds_is_none(make: Make, text: str) -> None:
    assert whole(make([("hops", text)]), "hops", most=100) is None


@both
def test_a_whole_number_below_the_least_or_repeated_is_none(make: Make) -> None:
    assert whole(make([("book", "0")]), "book", most=100, least=1) is None
    assert whole(make([("book", "1"), ("book", "1")]), "book", most=100, least=1) is None
