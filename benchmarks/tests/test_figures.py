"""How figures are written."""

from __future__ import annotations

import pytest

from benchmarks.reports import figures
from benchmarks.stats.intervals import Ratio


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.0"), (4.26, "4.3"), (99.94, "99.9"), (100.0, "100"), (12345.6, "12,346")],
)
def test_rates_lose_their_decimals_from_100_on(value: float | None, text: str) -> None:
    assert figures.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.00"), (0.126, "0.13"), (9.99, "9.99"), (10.04, "10.0"), (100.4, "100"), (1234.4, "1,234")],
)
def test_milliseconds_have_three_digits_that_matter(value: float | None, text: str) -> None:
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0, "0"), (51_600_000, "52"), (2_000_000_000, "2,000")])
def test_megabytes_are_millions_of_bytes(value: int | None, text: str) -> None:
    assert figures.megabytes(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0, "0"), (1234567, "1,234,567")])
def test_whole_numbers_are_grouped(value: int | None, text: str) -> None:
    assert figures.whole(value) == text


def test_a_ratio_is_written_with_its_interval() -> None:
    assert figures.ratio(Ratio(9.994, 0.5, 12.34, rounds=5)) == "9.99 × (0.50–12.3)"


def test_a_dash_stands_where_there_is_no_ratio() -> None:
    assert figures.ratio(None) == "–"


def test_too_few_rounds_give_no_interval() -> None:
    assert figures.ratio(Ratio(1.5, 1.5, 1.5, rounds=4)) == "1.50 ×"
