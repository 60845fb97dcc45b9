"""What every variant answers: who is asking, where to log in, or that it is not for them."""

from __future__ import annotations

from typing import Any

from apps.scenarios.parameters import identifier

LOGIN_URL = "/accounts/login/"  # the setting of that name, for who has no settings
PERMISSION = "catalog.view_order"
BAD_ORDER = {"error": "order must be a positive number, like ?order=1"}
FORBIDDEN = {"error": f"this needs the permission {PERMISSION}"}


def order_id(parameters: Any) -> int | None:
    return identifier(parameters, "order")


def after_login(order: int) -> str:
    """Where the login page sends people on: not back to the variant they came from, so that all answer alike."""
    return f"/?order={order}"


def page(order: int, username: str) -> dict[str, Any]:
    return {"order": order, "seen_by": username}
