"""What orm_write is asked for, and what it answers; that all variants do so alike is the parity suite's."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as some
from multidict import MultiDict

from apps.catalog import corpus
from apps.scenarios.contract import Exchange
from apps.scenarios.orm_write import work
from apps.scenarios.orm_write.scenario import BESTSELLERS, SCENARIO, expectation
from apps.scenarios.parameters import LARGEST_ID

DRAWN = SCENARIO.draw(1)
DJANGO = ("sync", "async", "wrapped")


def parsed(exchange: Exchange) -> work.Order:
    order = work.order(MultiDict(pair.split("=") for pair in exchange.query.split("&")))
    assert order is not None, exchange.query
    return order


@given(
    customer=some.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=50),
    quantities=some.dictionaries(some.integers(1, LARGEST_ID), some.integers(1, 9), min_size=1, max_size=3),
)
def test_an_order_is_read_as_it_is_written(customer: str, quantities: dict[int, int]) -> None:
    lines = ",".join(f"{book}x{quantity}" for book, quantity in quantities.items())
    order = work.order(MultiDict(customer=customer, lines=lines))
    assert order == work.Order(customer, quantities)
    assert list(order.quantities) == list(quantities), "the receipt has the lines in the order of the request"


@pytest.mark.parametrize("lines", ["1x1 ", " 1x1", "1X1", "1x1;2x1", "1x1,,2x1", "1.0x1", "-1x1", "٣x1", "1x٣", "1x"])
def test_what_is_no_list_of_books_is_no_order(lines: str) -> None:
    assert work.order(MultiDict(customer="mara", lines=lines)) is None


def test_a_receipt_adds_up() -> None:
    receipt = work.receipt(work.Order("li", {12: 2, 3: 1}), {3: 500, 12: 1250})
    assert receipt == {
        "customer": "li",
        "lines": [
            {"book": 12, "quantity": 2, "price_cents": 1250},
            {"book": 3, "quantity": 1, "price_cents": 500},
        ],
        "total_cents": 3000,
    }


def test_lacking_are_the_books_of_which_there_are_fewer_than_ordered() -> None:
    order = work.Order("li", {9: 2, 5: 1, 7: 3})
    assert work.lacking(order, {5: 0, 7: 3, 9: 1}) == [5, 9]


def test_what_a_card_draws_is_an_order_with_the_answer_it_expects() -> None:
    for exchange in DRAWN:
        assert exchange.method == "POST"
        assert exchange.expectation == expectation(parsed(exchange))


def test_orders_are_for_few_books_so_that_they_contend() -> None:
    books = {book for exchange in DRAWN for book in parsed(exchange).quantities}
    assert {book for book in books if book <= corpus.BOOKS} == set(range(1, BESTSELLERS + 1))


def test_some_orders_succeed_some_come_too_late_and_some_are_for_no_book() -> None:
    statuses = [exchange.expectation.status for exchange in DRAWN]
    assert {status: statuses.count(status) > 0 for status in set(statuses)} == {201: True, 404: True, 409: True}
    assert statuses.count(201) > 900
    late = next(exchange for exchange in DRAWN if exchange.expectation.status == 409)
    gone = json.loads(late.expectation.body or b"")["books"]
    assert gone == sorted(book for book in parsed(late).quantities if corpus.stock(book).available == 0)


@pytest.mark.parametrize("variant", DJANGO)
def test_sqlite_has_no_row_locks_and_says_so(variant: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(f"/orm_write/{variant}/?{SCENARIO.example}")
    assert response.status_code == 501
    assert response.json()["error"].startswith("SQLite has no row locks")


@pytest.mark.parametrize("variant", DJANGO)
def test_malformed_orders_are_refused_before_anything_else(variant: str) -> None:
    assert Client().post(f"/orm_write/{variant}/?lines=12x1").status_code == 400
