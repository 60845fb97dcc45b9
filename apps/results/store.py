"""Runs into the showcase's database as they happen, and back into records."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import datetime
from typing import Any

import psutil
from django.db import transaction

from apps.results.models import Cell, Race, Round, Run
from benchmarks.events import CellChanged, Event, RoundFinished, RunFinished, RunStarted
from benchmarks.json_codec import json_codec
from benchmarks.record import CellRecord, RoundRecord, RunRecord, State, check_schema, structure
from benchmarks.upgrades import upgraded

CELL_KEY = ("scenario", "contender", "level")
CELL_COLUMNS = (*CELL_KEY, "state", "reason")
ROUND_COLUMNS = ("number", "position", "state", "reason", "load", "usage", "load_side_busy")
RUN_COLUMNS = ("state", "reason", "wall_s", "seed", "options", "environment", "notes", "schema")
GONE = "the command that measured it is gone"


class Store:
    """A listener that writes what it hears; every event is on disk before the run goes on."""

    run: Run | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted(run=record):
                self.begin(record)
            case CellChanged(cell=cell):
                self._save_cell(cell)
            case RoundFinished(cell=cell, entry=entry):
                self._save_round(cell, entry)
            case RunFinished(run=record) if self.run is not None:
                Run.objects.filter(pk=self.run.pk).update(**_run_columns(record))

    def begin(self, record: RunRecord) -> Run:
        self.run = Run.objects.create(
            **_run_columns(record),
            command_host=socket.gethostname(),
            command_pid=os.getpid(),
            command_started=psutil.Process().create_time(),
        )
        return self.run

    def _save_cell(self, cell: CellRecord) -> Cell:
        data = {**json_codec.unstructure(replace(cell, rounds=[])), "level": cell.level}
        hosting = {key: value for key, value in data.items() if key not in (*CELL_COLUMNS, "rounds")}
        return Cell.objects.update_or_create(
            run=self.run,
            **{key: data[key] for key in CELL_KEY},
            defaults={"state": data["state"], "reason": data["reason"], "hosting": hosting},
        )[0]

    def _save_round(self, cell: CellRecord, entry: RoundRecord) -> None:
        with transaction.atomic():
            data = json_codec.unstructure(entry)
            more = {key: value for key, value in data.items() if key not in (*ROUND_COLUMNS, "started_at")}
            columns = {name: data[name] for name in (*ROUND_COLUMNS, "started_at")}
            Round.objects.create(cell=self._save_cell(cell), more=more, **columns)


def save_run(record: RunRecord) -> Run:
    """A whole record at once, of a file for instance; nothing is stored when a part of it cannot be."""
    store = Store()
    with transaction.atomic():
        run = store.begin(record)
        for cell in record.cells:
            store(CellChanged(cell))
            for entry in cell.rounds:
                store(RoundFinished(cell, entry))
    return run


def _run_columns(record: RunRecord) -> dict[str, Any]:
    data = json_codec.unstructure(record)
    return {
        **{name: data[name] for name in RUN_COLUMNS},
        "scenarios": data["scenarios"],
        "watched": bool(record.options.get("watched")),
        "started_at": datetime.fromisoformat(record.started_at),
        "finished_at": datetime.fromisoformat(record.finished_at) if record.finished_at else None,
    }


def load_run(run: Run) -> RunRecord:
    """The stored run as a record; three queries, whatever its size. Raises RecordError when it is damaged."""
    name = f"run {run.pk}"
    check_schema(run.schema, name)
    return structure(upgraded(stored_data(run), name), name, foreign=False)


def stored_data(run: Run) -> dict[str, Any]:
    """All that is stored of a run, in the schema that it was stored in, whether or not it can be read."""
    cells = Cell.objects.filter(run=run).prefetch_related("rounds")
    data = {name: getattr(run, name) for name in (*RUN_COLUMNS, "scenarios")}
    data["started_at"] = run.started_at.isoformat(timespec="seconds")
    data["finished_at"] = run.finished_at.isoformat(timespec="seconds") if run.finished_at else ""
    data["cells"] = [_cell_data(cell) for cell in cells]
    return data


def _cell_data(cell: Cell) -> dict[str, Any]:
    rounds = [
        {
            **{name: getattr(entry, name) for name in ROUND_COLUMNS},
            **entry.more,
            "started_at": entry.started_at.isoformat(timespec="seconds"),
        }
        for entry in cell.rounds.all()
    ]
    columns = {name: getattr(cell, name) for name in CELL_COLUMNS if name != "level"}  # said by the hosting's parts
    return {**columns, **cell.hosting, "rounds": rounds}


def command_alive(run: Run | Race) -> bool:
    """Whether the very process that measures this run still exists; of another host's it is believed."""
    if run.command_host != socket.gethostname():
        return True
    try:
        process = psutil.Process(run.command_pid)
        return abs(process.create_time() - run.command_started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def mark_abandoned() -> int:
    """Runs whose command is gone (killed, power failure) are shown as aborted; returns how many there were."""
    gone = [run.pk for run in Run.objects.filter(state=State.RUNNING) if not command_alive(run)]
    if not gone:
        return 0
    with transaction.atomic():
        Cell.objects.filter(run__in=gone, state=State.RUNNING).update(state=State.ABORTED, reason=GONE)
        return Run.objects.filter(pk__in=gone, state=State.RUNNING).update(state=State.ABORTED, reason=GONE)


def latest_run() -> Run | None:
    """The newest run, after the abandoned ones were marked."""
    mark_abandoned()
    return Run.objects.first()
