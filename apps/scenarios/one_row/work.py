"""What every variant answers: a row of the books as JSON."""

from __future__ import annotations

from typing import Any, Protocol

from apps.scenarios.orm_read import work as page
from apps.scenarios.orm_read.work import BAD_BOOK, NO_BOOK, book_id

__all__ = ["BAD_BOOK", "NO_BOOK", "answer", "book_id"]


class Book(page.Book, Protocol):
    """The whole row, as the ORM or SQL gives it."""

    @property
    def author_id(self) -> int: ...


def answer(book: Book) -> dict[str, Any]:
    return {
        "id": book.id,
        "author_id": book.author_id,
        "title": book.title,
        "isbn": book.isbn,
        "price_cents": book.price_cents,
        "published_on": book.published_on.isoformat(),
    }
