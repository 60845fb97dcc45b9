"""What only PostgreSQL can do is refused with the reason elsewhere."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from apps.catalog.postgresql_only import unless_postgresql


def test_another_database_answers_501_and_says_what_to_do() -> None:
    refusal = unless_postgresql("row locks")
    assert refusal is not None
    assert refusal.status_code == 501
    assert json.loads(refusal.content)["error"].startswith("SQLite has no row locks: python manage.py runbench ")


def test_postgresql_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connection._connections[connection._alias]), "vendor", "postgresql")
    assert unless_postgresql("row locks") is None
