"""What every variant is asked for: an item, and, of one request in a hundred, to block on the way to it."""

from __future__ import annotations

import os
from typing import Any

from apps.scenarios.parameters import identifier, milliseconds

LONGEST_POISON_MS = 250.0  # a showcase serves this, too: who asks for it stops its loop
THREADS = int(os.environ.get("CROSSOVER_THREADS", min(32, (os.cpu_count() or 1) + 4)))
BAD_ORDER = {
    "error": (
        "item must be a positive number and poison_ms, if there is one, milliseconds "
        f"up to {LONGEST_POISON_MS:g}, like ?item=7&poison_ms=50"
    )
}


def order(parameters: Any) -> tuple[int, float] | None:
    """(item, milliseconds to block, 0 unless asked for), or None when either is malformed."""
    item, poison_ms = identifier(parameters, "item"), 0.0
    if "poison_ms" in parameters:
        asked_ms = milliseconds(parameters, "poison_ms", LONGEST_POISON_MS)
        if asked_ms is None:
            return None
        poison_ms = asked_ms
    return None if item is None else (item, poison_ms)


def answer(item: int, poison_ms: float) -> dict[str, Any]:
    return {"item": item, "blocked_ms": poison_ms}
