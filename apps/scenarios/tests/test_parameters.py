"""Query parameters are checked alike in every variant."""

from __future__ import annotations

import pytest

from apps.scenarios.parameters import LARGEST_ID, identifier


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("42", 42), ("007", 7), ("0000000001", 1), (str(LARGEST_ID), LARGEST_ID), ("2147483647", 2_147_483_647)],
)
def test_a_positive_number_is_an_id(text: str, number: int) -> None:
    assert identifier({"book": text}, "book") == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "x", "²", "٣", "2147483648", "9" * 5000, "1\n"],
)
def test_what_is_no_positive_number_or_too_large_is_none(text: str) -> None:
    assert identifier({"book": text}, "book") is None


def test_an_absent_parameter_is_none() -> None:
    assert identifier({"author": "1"}, "book") is None
