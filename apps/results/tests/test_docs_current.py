"""What lies in ``docs/`` is what the cards and the reference run say today."""

from __future__ import annotations

import pytest

from apps.results.documents import documents
from apps.results.management.commands.writedocs import DOCS, REFERENCE
from apps.scenarios.registry import scenarios
from benchmarks.record import RunRecord, State, read
from benchmarks.reference import as_reference


@pytest.fixture(scope="module")
def reference() -> RunRecord:
    return read(DOCS / REFERENCE)


def test_the_documents_are_as_they_would_be_made(reference: RunRecord) -> None:
    """Else run: manage.py writedocs."""
    made = documents(reference)
    assert {path: (DOCS / path).read_text() for path in made} == made
    assert {f"scenarios/{path.name}" for path in DOCS.glob("scenarios/*.md")} | {"claims.md"} == set(made)


def test_the_reference_run_is_whole_and_has_every_scenario(reference: RunRecord) -> None:
    assert reference.state is State.OK
    assert {card.name for card in reference.scenarios} == set(scenarios())
    assert reference.environment["dirty"] is False, "so that its commit says what was measured"
    assert as_reference(reference) == reference
