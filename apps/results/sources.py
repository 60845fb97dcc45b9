"""A run by the name a person gives it: its number, ``latest``, or the path of an exported file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from apps.results.models import Run
from apps.results.store import load_run, mark_abandoned
from benchmarks.exceptions import UnknownName
from benchmarks.record import RunRecord, read

LATEST = "latest"
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def find_run(name: str) -> tuple[str, RunRecord]:
    """(how to call it, its record). Raises UnknownName when there is none, RecordError when it is damaged."""
    if NUMBER.fullmatch(name) or name == LATEST:
        mark_abandoned()
        run = Run.objects.first() if name == LATEST else Run.objects.filter(pk=int(name)).first()
        if run is None:
            raise UnknownName(f"there is no run {name}", hint=_known())
        return f"run {run.pk}", load_run(run)
    path = Path(name)
    if not name or not os.path.exists(path):  # unlike the path's own method it takes any name
        raise UnknownName(f"there is no file {name[:200]}", hint=f"name a file that --json wrote, or a run; {_known()}")
    return path.name, read(path)


def _known() -> str:
    numbers = [str(number) for number in Run.objects.values_list("pk", flat=True)[:5]]
    return (
        f"stored runs: {', '.join(numbers)}{', …' if len(numbers) == 5 else ''}" if numbers else "no run is stored yet"
    )
