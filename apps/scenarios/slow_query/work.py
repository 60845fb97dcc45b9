"""What every variant does around its slow query: which book, how slow, and the answer."""

from __future__ import annotations

from typing import Any, Protocol

from apps.scenarios.parameters import identifier, milliseconds

LONGEST_WAIT_MS = 5000.0
FEATURE = "pg_sleep"
BAD_ORDER = {
    "error": f"book must be a positive number and wait milliseconds up to {LONGEST_WAIT_MS:g}, like ?book=1&wait=20"
}
NO_BOOK = {"error": "there is no such book"}


class Book(Protocol):
    """A book, as the ORM or a row of SQL gives it."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...


def order(parameters: Any) -> tuple[int, float] | None:
    """(book, wait in milliseconds), or None when either is malformed."""
    book, wait_ms = identifier(parameters, "book"), milliseconds(parameters, "wait", LONGEST_WAIT_MS)
    return None if book is None or wait_ms is None else (book, wait_ms)


def answer(book: Book, wait_ms: float) -> dict[str, Any]:
    return {"book": book.id, "title": book.title, "waited_ms": wait_ms}
