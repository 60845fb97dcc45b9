"""What only PostgreSQL can do, and the answer where the database is another one."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.http import JsonResponse


def unless_disposable() -> JsonResponse | None:
    """501 with the reason where what is written would stay: anybody may ask a showcase, from any page."""
    if getattr(settings, "DISPOSABLE_DATABASE", False):
        return None
    reason = "orders are placed in a database that lives as long as a run: python manage.py runbench orm_write"
    return JsonResponse({"error": reason}, status=501)


def unless_postgresql(feature: str) -> JsonResponse | None:
    """501 with the reason and what to do, or None where the database is PostgreSQL."""
    if connection.vendor == "postgresql":
        return None
    reason = f"{connection.display_name} has no {feature}: python manage.py runbench starts a PostgreSQL, which has"
    return JsonResponse({"error": reason}, status=501)
