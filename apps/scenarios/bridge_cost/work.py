"""What every variant does: one trivial step, as often as it is told."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier, whole

MOST_HOPS = 100
BAD_ORDER = {"error": f"item must be a positive number and hops a whole number up to {MOST_HOPS}, like ?item=1&hops=3"}


def order(parameters: Any) -> tuple[int, int] | None:
    """(item, hops), or None when either is malformed."""
    item, hops = identifier(parameters, "item"), whole(parameters, "hops", MOST_HOPS)
    return None if item is None or hops is None else (item, hops)


def step(value: int) -> int:
    """Nothing that would take time: what is measured is the way there and back."""
    return value + 1


def answer(value: int) -> dict[str, Any]:
    return {"answer": value}
