"""What a running run tells its listeners: the store keeps it, the progress display shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.record import CellRecord, RoundRecord, RunRecord


@dataclass(frozen=True)
class Step:
    """Something that takes a while has begun."""

    text: str


@dataclass(frozen=True)
class RunStarted:
    run: RunRecord
    rounds_planned: int


@dataclass(frozen=True)
class CellChanged:
    """A cell was added, verified, or has come to its end."""

    cell: CellRecord


@dataclass(frozen=True)
class RoundStarted:
    cell: CellRecord
    number: int


@dataclass(frozen=True)
class RoundFinished:
    cell: CellRecord
    entry: RoundRecord


@dataclass(frozen=True)
class RunFinished:
    """Also sent when the run was interrupted or could not go on; the record's state says which."""

    run: RunRecord


Event = Step | RunStarted | CellChanged | RoundStarted | RoundFinished | RunFinished
Listener = Callable[[Event], None]
