"""What every variant is asked for: the number of a page."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier

BAD_PAGE = {"error": "page must be a positive number, like ?page=1"}
NO_PAGE = {"error": "there is no such page"}
BOOKS_PER_PAGE = 50


def page_number(parameters: Any) -> int | None:
    return identifier(parameters, "page")


def before(number: int) -> int:
    """The last id before a page; ids have no gaps. With OFFSET the database would read all the pages before it."""
    return (number - 1) * BOOKS_PER_PAGE
