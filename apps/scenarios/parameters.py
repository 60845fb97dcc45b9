"""Query parameters, checked alike in every variant; no Django in here."""

from __future__ import annotations

from collections.abc import Mapping

LARGEST_ID = 2**31 - 1


def identifier(parameters: Mapping[str, str], name: str) -> int | None:
    """A positive id, or None when it is absent, not a number, or larger than any id."""
    text = parameters.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        return None
    number = int(text)
    return number if 1 <= number <= LARGEST_ID else None
