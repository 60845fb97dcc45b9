"""What every variant does: five slow queries about a book, or five calls to other services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.scenarios.fan_out.work import DEADLINE_S, NO_LIFESPAN
from apps.scenarios.parameters import identifier, milliseconds, single
from benchmarks.services import knowledge

__all__ = ["DEADLINE_S", "NO_LIFESPAN"]

QUERIES, CALLS = "queries", "calls"
COLUMNS = ("title", "isbn", "price_cents", "published_on", "author_id")  # a query each
SERVICES = knowledge.SERVICES[:5]  # a call each
LONGEST_WAIT_MS = 50.0  # five of them, one after another, stay within the calls' deadline
FEATURE = "pg_sleep"
BAD_ORDER = {
    "error": "book must be a positive number, of either calls or queries, and for queries wait milliseconds up to "
    f"{LONGEST_WAIT_MS:g}, like ?book=7&of=queries&wait=20"
}
NO_BOOK = {"error": "there is no such book"}


@dataclass(frozen=True)
class Order:
    """What one request asks for; calls take as long as the services do."""

    book: int
    of: str
    wait_ms: float = 0.0


def order(parameters: Any) -> Order | None:
    """None when anything is malformed."""
    book, of = identifier(parameters, "book"), single(parameters, "of")
    if book is None or of not in (QUERIES, CALLS):
        return None
    if of == CALLS:
        return Order(book, of)
    wait_ms = milliseconds(parameters, "wait", LONGEST_WAIT_MS)
    return None if wait_ms is None else Order(book, of, wait_ms)


def fact(column: str, value: Any) -> dict[str, Any]:
    """One query's entry in the answer."""
    return {"fact": column, "value": value.isoformat() if isinstance(value, date) else value}


def page(book: int, legs: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    return {"book": book, "legs": legs}
