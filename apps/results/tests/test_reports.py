"""What is stored for pages may not be, while somebody else writes; they are shown all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from apps.results.models import Run, StoredComparison, StoredGist, StoredReport
from apps.results.store import save_run
from benchmarks.tests.reference_runs import run_of

pytestmark = pytest.mark.django_db(transaction=True)


def locked(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """As a SQLite that another process has been writing to for longer than anybody waits."""
    if sql.startswith(("INSERT", "UPDATE", "DELETE")):
        raise OperationalError("database is locked")
    return execute(sql, *rest)


def test_pages_answer_while_the_database_cannot_be_written(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    runs = [save_run(run_of("plaintext")) for _ in range(2)]
    addresses = ["/", "/scenarios/plaintext/", *(f"/runs/{run.pk}/" for run in runs)]
    addresses.append(f"/runs/{runs[0].pk}/compare/{runs[1].pk}/")
    with connection.execute_wrapper(locked):
        found = {address: client.get(address) for address in addresses}
    assert {address: answer.status_code for address, answer in found.items()} == dict.fromkeys(addresses, 200)
    assert "could not be stored" in caplog.text and "database is locked" in caplog.text
    stored = (StoredReport, StoredGist, StoredComparison)
    assert [model.objects.count() for model in stored] == [0, 0, 0]
    assert Run.objects.count() == 2
    assert client.get("/").content == found["/"].content
    assert StoredReport.objects.exists(), "and stored as soon as it can be"
