"""Query parameters, checked alike in every variant; no Django in here."""

from __future__ import annotations

from typing import Any

LARGEST_ID = 2**31 - 1


def identifier(parameters: Any, name: str) -> int | None:
    """A positive id, or None when it is absent, repeated, not a number, or larger than any id.

    ``parameters`` is Django's QueryDict or aiohttp's MultiDict; of a repeated name one has the last, one the first.
    """
    values = parameters.getlist(name) if hasattr(parameters, "getlist") else parameters.getall(name, [])
    text = values[0] if len(values) == 1 else ""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        return None
    number = int(text)
    return number if 1 <= number <= LARGEST_ID else None
