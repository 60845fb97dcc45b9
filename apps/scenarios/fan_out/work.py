"""What every variant does: ten calls, one answer; a leg that fails or is late becomes an error entry."""

from __future__ import annotations

import json
import os
from typing import Any

from apps.scenarios.parameters import identifier
from benchmarks.services.knowledge import DEFAULT_PORT, SERVICES

__all__ = ["BAD_BOOK", "DEADLINE_S", "SERVICES", "book_id", "error_leg", "leg", "page", "url"]

BAD_BOOK = {"error": "book must be a positive number, like ?book=1"}
DEADLINE_S = 1.0  # for all legs together
THREADS = int(os.environ.get("CROSSOVER_THREADS", min(32, (os.cpu_count() or 1) + 4)))
BASE_URL = os.environ.get("CROSSOVER_UPSTREAM_URL", f"http://127.0.0.1:{DEFAULT_PORT}")

LATE = f"no answer within {DEADLINE_S:g} s"
BROKEN = "broken answer"
NO_LIFESPAN = {"error": "this view needs a server with a lifespan: uvicorn project.asgi:application"}
ABSENT = f"no service at {BASE_URL}: start it with: python -m benchmarks.services.upstream"


def book_id(parameters: Any) -> int | None:
    return identifier(parameters, "book")


def url(service: str, book: int) -> str:
    return f"{BASE_URL}/{service}/{book}"


def leg(service: str, status: int, body: bytes) -> dict[str, Any]:
    """One leg's entry in the answer."""
    if status != 200:
        return error_leg(service, f"status {status}")
    try:
        value = json.loads(body)["value"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return error_leg(service, BROKEN)
    return {"service": service, "value": value} if isinstance(value, int) else error_leg(service, BROKEN)


def error_leg(service: str, reason: str) -> dict[str, Any]:
    return {"service": service, "error": reason}


def page(book: int, legs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"book": book, "legs": legs}
