"""What every variant does around its wait: which item, how long, and the answer."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier, milliseconds

LONGEST_WAIT_MS = 5000.0
BAD_ORDER = {
    "error": f"item must be a positive number and wait milliseconds up to {LONGEST_WAIT_MS:g}, like ?item=1&wait=50"
}


def order(parameters: Any) -> tuple[int, float] | None:
    """(item, wait in milliseconds), or None when either is malformed."""
    item, wait_ms = identifier(parameters, "item"), milliseconds(parameters, "wait", LONGEST_WAIT_MS)
    return None if item is None or wait_ms is None else (item, wait_ms)


def answer(item: int, wait_ms: float) -> dict[str, Any]:
    return {"item": item, "waited_ms": wait_ms}
