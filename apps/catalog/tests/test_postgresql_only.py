"""What only PostgreSQL can do is refused with the reason elsewhere."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from apps.catalog.postgresql_only import unless_disposable, unless_postgresql


def test_another_database_answers_501_and_says_what_to_do() -> None:
    refusal = unless_postgresql("row locks")
    assert refusal is not None
    assert refusal.status_code == 501
    assert json.loads(refusal.content)["error"].startswith("SQLite has no row locks: python manage.py runbench ")


def test_postgresql_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connection._connections[connection._alias]), "vendor", "postgresql")
    assert unless_postgresql("row locks") is None


def test_orders_are_placed_only_in_a_database_that_lives_as_long_as_a_run(settings: object) -> None:
    """Else any page that a visitor looks at could place some in the showcase's."""
    refusal = unless_disposable()
    assert refusal is not None
    assert refusal.status_code == 501
    assert "runbench orm_write" in json.loads(refusal.content)["error"]
    settings.DISPOSABLE_DATABASE = True
    assert unless_disposable() is None
