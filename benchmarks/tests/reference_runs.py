"""The reference run in small parts: real figures for the tests of what shows them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from benchmarks.record import RunRecord, read

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "run.json"


@cache
def reference() -> RunRecord:
    return read(REFERENCE)


def commit() -> str:
    """Of the code that was measured, as pages shorten it."""
    return str(reference().environment["commit"])[:9]


def run_of(*scenarios: str, cells: int | None = None) -> RunRecord:
    """As if only these scenarios, and of each so many cells, had been asked for."""
    record = reference()
    options = {key: value for key, value in record.options.items() if key != "command"}  # nobody gave such a one
    chosen = {name: [cell for cell in record.cells if cell.scenario == name][:cells] for name in scenarios}
    return replace(
        record,
        options={**options, "profile": ""},
        scenarios=[card for card in record.scenarios if card.name in scenarios],
        cells=[cell for some in chosen.values() for cell in some],
        notes=[],
    )
