"""What every variant does around its row and its wait: which book, how long, and the answer."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier, milliseconds

LONGEST_WAIT_MS = 5000.0
BAD_ORDER = {
    "error": f"book must be a positive number and wait milliseconds up to {LONGEST_WAIT_MS:g}, like ?book=1&wait=50"
}
NO_BOOK = {"error": "there is no such book"}


def order(parameters: Any) -> tuple[int, float] | None:
    """(book, wait in milliseconds), or None when either is malformed."""
    book, wait_ms = identifier(parameters, "book"), milliseconds(parameters, "wait", LONGEST_WAIT_MS)
    return None if book is None or wait_ms is None else (book, wait_ms)


def answer(book: int, title: str, wait_ms: float) -> dict[str, Any]:
    return {"book": book, "title": title, "waited_ms": wait_ms}
