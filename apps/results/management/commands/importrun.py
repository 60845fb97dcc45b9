"""``manage.py importrun``: store runs that were measured elsewhere, to look at them here."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import DataError, IntegrityError

from apps.results.console import HarnessCommand, errors_told
from apps.results.first_start import prepare
from apps.results.models import Run
from apps.results.reports import store_reports
from apps.results.store import save_run
from benchmarks.exceptions import RecordError, UnknownName
from benchmarks.record import RunRecord, State, read

AHEAD = timedelta(days=1)  # that another machine's clock may be
SLUG = re.compile(r"[a-z][a-z0-9_-]{0,99}", re.ASCII)
HINT = "name a file that runbench --json or the JSON export of a run's page wrote"
UNFINISHED = "it was not finished when it was exported"
EXAMPLES = """
examples:
  manage.py runbench --json run.json       on the server
  manage.py importrun run.json             on the laptop, where it is to be looked at
  manage.py importrun server/*.json        several; all are read before the first is stored
"""


class Command(HarnessCommand):
    help = "Store runs from files that runbench --json or the pages' JSON export wrote."
    epilog = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="+", type=Path, help="an exported run, JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with errors_told():
            prepare()
            for path in options["file"]:
                if not path.exists():
                    raise UnknownName(f"there is no file {path}", hint=HINT)
            for path, record in [(path, checked(read(path), path)) for path in options["file"]]:
                self.stdout.write(f"{path.name}: {self._import(record, path.name)}")

    def _import(self, record: RunRecord, name: str) -> str:
        if same := _stored(record):
            return f"is run {same.pk} already; nothing was stored."
        record = finished(replace(record, notes=[*record.notes, f"imported from {name}"]))
        try:
            run = save_run(record)
        except (IntegrityError, DataError, OverflowError) as error:
            raise RecordError(f"{name} is damaged: it has what no run has ({error})") from error
        store_reports(run, record)
        return f"stored as run {run.pk}."


def checked(record: RunRecord, path: Path) -> RunRecord:
    """The record, if its names can stand in an address and its moments are some. Raises RecordError."""
    for card in record.scenarios:
        if not SLUG.fullmatch(card.name):
            raise RecordError(f"{path} is damaged: {card.name[:60]!r} is no scenario's name")
    if any(cell.concurrency < 0 for cell in record.cells) or not isfinite(record.wall_s):
        raise RecordError(f"{path} is damaged: it has a figure that no run can have")
    rounds = [entry for cell in record.cells for entry in cell.rounds]
    for text in filter(None, (record.started_at, record.finished_at, *(entry.started_at for entry in rounds))):
        if not _is_moment(text) or datetime.fromisoformat(text) > datetime.now(UTC) + AHEAD:
            raise RecordError(f"{path} is damaged: {text[:60]!r} is no moment")
    return record


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _stored(record: RunRecord) -> Run | None:
    """The same run, if it is here: no two of one machine begin and end at the same moments and take as long."""
    moment = datetime.fromisoformat(record.started_at)
    return Run.objects.filter(started_at=moment, seed=record.seed, wall_s=record.wall_s).only("pk").first()


def finished(record: RunRecord) -> RunRecord:
    """Nobody here goes on with a run that was going on elsewhere."""
    if record.state is not State.RUNNING:
        return record
    cells = [
        replace(cell, state=State.ABORTED, reason=UNFINISHED) if cell.state is State.RUNNING else cell
        for cell in record.cells
    ]
    return replace(record, state=State.ABORTED, reason=UNFINISHED, cells=cells)
