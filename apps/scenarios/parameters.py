"""Query parameters, checked alike in every variant; no Django in here."""

from __future__ import annotations

import re
from typing import Any

LARGEST_ID = 2**31 - 1


MILLISECONDS = re.compile(r"[0-9]{1,7}(\.[0-9]{1,3})?", re.ASCII)


def single(parameters: Any, name: str) -> str:
    """The one value of a parameter; empty when it is absent or repeated.

    ``parameters`` is Django's QueryDict or aiohttp's MultiDict; of a repeated name one has the last, one the first.
    """
    values: list[str] = parameters.getlist(name) if hasattr(parameters, "getlist") else parameters.getall(name, [])
    return values[0] if len(values) == 1 else ""


def whole(parameters: Any, name: str, most: int, least: int = 0) -> int | None:
    """A whole number from ``least`` to ``most``, or None when it is absent, repeated, no such number, or outside."""
    text = single(parameters, name)
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(most)):
        return None
    number = int(text)
    return number if least <= number <= most else None


def identifier(parameters: Any, name: str) -> int | None:
    """A positive id, or None when it is absent, repeated, not a number, or larger than any id."""
    return whole(parameters, name, LARGEST_ID, least=1)


def milliseconds(parameters: Any, name: str, longest_ms: float) -> float | None:
    """A time in milliseconds, or None when it is absent, repeated, not a plain number, or above ``longest_ms``."""
    text = single(parameters, name)
    if not MILLISECONDS.fullmatch(text) or float(text) > longest_ms:
        return None
    return float(text)
