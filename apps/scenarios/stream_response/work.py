"""What every variant streams: which item, how long between two events, and the events."""

from __future__ import annotations

import json
from typing import Any

from apps.scenarios.parameters import identifier, milliseconds

EVENTS = 10  # so there are nine waits: the first event comes at once
LONGEST_WAIT_MS = 500.0
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
BAD_ORDER = {
    "error": f"item must be a positive number and wait milliseconds up to {LONGEST_WAIT_MS:g}, like ?item=7&wait=20"
}


def order(parameters: Any) -> tuple[int, float] | None:
    """(item, wait in milliseconds), or None when either is malformed."""
    item, wait_ms = identifier(parameters, "item"), milliseconds(parameters, "wait", LONGEST_WAIT_MS)
    return None if item is None or wait_ms is None else (item, wait_ms)


def event(item: int, number: int) -> bytes:
    """One server-sent event."""
    return b"data: %s\n\n" % json.dumps({"item": item, "chunk": number}).encode()
