"""What every variant answers: a book's page as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol

from apps.scenarios.parameters import identifier

BAD_BOOK = {"error": "book must be a positive number, like ?book=1"}
NO_BOOK = {"error": "there is no such book"}
LATEST = 5


class Book(Protocol):
    """A book, as the ORM or a row of SQL gives it."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def isbn(self) -> str: ...
    @property
    def price_cents(self) -> int: ...
    @property
    def published_on(self) -> date: ...


class Review(Protocol):
    """A review, as the ORM or a row of SQL gives it."""

    @property
    def reader(self) -> str: ...
    @property
    def stars(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def created_on(self) -> date: ...


def book_id(parameters: Any) -> int | None:
    return identifier(parameters, "book")


def page(book: Book, author: str, reviews: Iterable[Review], rating: float | None) -> dict[str, Any]:
    """The page, ready for JSON; ``rating`` is the average of all reviews' stars, None without any."""
    return {
        "id": book.id,
        "title": book.title,
        "isbn": book.isbn,
        "price_cents": book.price_cents,
        "published_on": book.published_on.isoformat(),
        "author": author,
        "rating": None if rating is None else round(float(rating), 2),
        "reviews": [
            {
                "reader": review.reader,
                "stars": review.stars,
                "text": review.text,
                "created_on": review.created_on.isoformat(),
            }
            for review in reviews
        ],
    }
