"""What every variant answers: a row of the books as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

from apps.scenarios.parameters import identifier

BAD_BOOK = {"error": "book must be a positive number, like ?book=1"}
NO_BOOK = {"error": "there is no such book"}


class Book(Protocol):
    """A book, as the ORM or a row of SQL gives it."""

    @property
    def id(self) -> int: ...
    @property
    def author_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def isbn(self) -> str: ...
    @property
    def price_cents(self) -> int: ...
    @property
    def published_on(self) -> date: ...


def book_id(parameters: Any) -> int | None:
    return identifier(parameters, "book")


def answer(book: Book) -> dict[str, Any]:
    return {
        "id": book.id,
        "author_id": book.author_id,
        "title": book.title,
        "isbn": book.isbn,
        "price_cents": book.price_cents,
        "published_on": book.published_on.isoformat(),
    }
