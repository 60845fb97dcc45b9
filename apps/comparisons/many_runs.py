"""A database with many runs: one real run's default scenarios, stored again and again with times of their own."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.record import RunRecord, read


def fill(record: RunRecord, runs: int) -> None:
    """Store the record once, and copies of its rows for the rest."""
    from django.db import transaction

    from apps.results.models import Cell, Round, StoredGist, StoredReport
    from apps.results.reports import store_reports
    from apps.results.store import save_run
    from apps.scenarios.planning import DEFAULT_SCENARIOS

    chosen = replace(
        record,
        scenarios=[card for card in record.scenarios if card.name in DEFAULT_SCENARIOS],
        cells=[cell for cell in record.cells if cell.scenario in DEFAULT_SCENARIOS],
    )
    with transaction.atomic():
        run = save_run(chosen)
        store_reports(run, chosen)
    cells = list(Cell.objects.filter(run=run))
    rounds = {cell.pk: list(Round.objects.filter(cell=cell)) for cell in cells}
    reports, gist = list(StoredReport.objects.filter(run=run)), StoredGist.objects.get(run=run)
    began_at = run.started_at
    for number in range(1, runs):
        with transaction.atomic():
            run.pk, run.started_at = None, began_at + timedelta(hours=number)
            run.save(force_insert=True)
            copies = [Cell(**{**_columns(cell), "run_id": run.pk}) for cell in cells]
            Cell.objects.bulk_create(copies)
            Round.objects.bulk_create(
                Round(**{**_columns(entry), "cell_id": copy.pk})
                for cell, copy in zip(cells, copies, strict=True)
                for entry in rounds[cell.pk]
            )
            StoredReport.objects.bulk_create(StoredReport(**{**_columns(one), "run_id": run.pk}) for one in reports)
            StoredGist.objects.create(run_id=run.pk, version=gist.version, cells=_moved(gist.cells, number))


def _moved(cells: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Faster or slower by a little, so that no comparison is like another."""
    factor = 1 + number % 97 / 1000
    return [
        {**cell, "merits": {name: [rate * factor for rate in rates] for name, rates in cell["merits"].items()}}
        for cell in cells
    ]


def _columns(row: object) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_") and name != "id"}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django

    django.setup()
    from apps.results.first_start import prepare

    prepare()
    fill(read(Path(sys.argv[1])), int(sys.argv[2]))
