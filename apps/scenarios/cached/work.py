"""What every variant does: three facts of a book out of the cache, and the item that was looked at last into it."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier, whole
from benchmarks.services.knowledge import answer_value

BOOKS = 100  # so few that after the first requests nothing is missing any more
FACTS = ("price", "stock", "rating")
KEEP_S = 3600
BAD_ORDER = {"error": f"book must be 1 to {BOOKS} and item a positive number, like ?book=7&item=123"}


def order(parameters: Any) -> tuple[int, int] | None:
    """(book, item), or None when either is malformed."""
    book, item = whole(parameters, "book", BOOKS, least=1), identifier(parameters, "item")
    return None if book is None or item is None else (book, item)


def key(name: str, book: int) -> str:
    return f"{name}/{book}"


def look_up(fact: str, book: int) -> int | float:
    """What the cache is asked for before: the source of the facts, which takes no time here."""
    value = answer_value(fact, book)
    return value / 2000 if fact == "rating" else value


def page(book: int, item: int, facts: list[Any]) -> dict[str, Any]:
    return {"book": book, "item": item, **dict(zip(FACTS, facts, strict=True))}
