"""What every variant does around its transaction: read the order, see what is lacking, write the receipt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.scenarios.parameters import LARGEST_ID, single

FEATURE = "row locks"
CUSTOMER = re.compile(r"[a-z]{1,50}")
LINES = re.compile(r"[0-9]{1,10}x[1-9](,[0-9]{1,10}x[1-9]){0,2}", re.ASCII)
BAD_ORDER = {
    "error": "customer must be a name in small letters and lines one to three different books with 1 to 9 copies each, "
    "like ?customer=mara&lines=12x1,77x2"
}
NO_BOOK = {"error": "there is no such book"}


@dataclass(frozen=True)
class Order:
    """Who wants how many copies of which books, in the order of the request."""

    customer: str
    quantities: dict[int, int]  # book -> copies


def order(parameters: Any) -> Order | None:
    """The order, or None when it is malformed."""
    customer, lines = single(parameters, "customer"), single(parameters, "lines")
    if not CUSTOMER.fullmatch(customer) or not LINES.fullmatch(lines):
        return None
    pairs = [(int(book), int(copies)) for book, copies in (line.split("x") for line in lines.split(","))]
    quantities = dict(pairs)
    valid = len(quantities) == len(pairs) and all(1 <= book <= LARGEST_ID for book in quantities)
    return Order(customer, quantities) if valid else None


def lacking(order: Order, available: Mapping[int, int]) -> list[int]:
    """The books of which there are fewer than ordered."""
    return sorted(book for book, quantity in order.quantities.items() if available[book] < quantity)


def sold_out(books: list[int]) -> dict[str, Any]:
    return {"error": "sold out", "books": books}


def receipt(order: Order, price_cents: Mapping[int, int]) -> dict[str, Any]:
    """The answer to an order that was placed; prices by book."""
    return {
        "customer": order.customer,
        "lines": [
            {"book": book, "quantity": quantity, "price_cents": price_cents[book]}
            for book, quantity in order.quantities.items()
        ],
        "total_cents": sum(price_cents[book] * quantity for book, quantity in order.quantities.items()),
    }
