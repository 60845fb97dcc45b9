"""A run as it is kept in a repository: everything its tables say, in a tenth of the bytes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.load.results import Counts, LoadResult, Slice
from benchmarks.load.specs import Model
from benchmarks.record import CellRecord, RoundRecord, RunRecord
from benchmarks.stats.histogram import SUB_BITS, bucket_middle_ns, bucket_of

KEPT_BITS = 6  # of the sub-buckets: a bucket is at most 1/64 of its value wide, and its middle within 0.8 %
NOTE = "Kept as a reference: latencies are within 0.8 % of what was measured; times of connecting are left out."


def as_reference(run: RunRecord) -> RunRecord:
    """The run with coarser histograms and without those that no table shows; twice is as good as once.

    Paths of the machine it ran on are left out of commands. An open loop is compared by its latencies, so its
    histograms stay as fine as they are.
    """
    run = replace(run, cells=[replace(cell, command=_portable(cell.command)) for cell in run.cells])
    if run.options.get("load") == Model.OPEN:
        return run
    notes = run.notes if NOTE in run.notes else [*run.notes, NOTE]
    return replace(run, notes=notes, cells=[_cell(cell) for cell in run.cells])


def _portable(command: list[str]) -> list[str]:
    return [Path(word).name if os.path.isabs(word) else word for word in command]


def _cell(cell: CellRecord) -> CellRecord:
    return replace(cell, rounds=[_round(entry) for entry in cell.rounds])


def _round(entry: RoundRecord) -> RoundRecord:
    return replace(entry, load=entry.load and _load(entry.load))


def _load(load: LoadResult) -> LoadResult:
    return replace(
        load,
        histogram=coarse(load.histogram),
        first_chunk=coarse(load.first_chunk),
        gaps=coarse(load.gaps),
        groups={name: coarse(counts) for name, counts in load.groups.items()},
        first_byte={},
        connect={},
        send_lag={},
        slices=[Slice(one.succeeded, one.failed, one.offered, one.unsent) for one in load.slices],
    )


def coarse(counts: Mapping[int, int]) -> Counts:
    """The counts in fewer, wider buckets, each told by the middle of what it stands for."""
    found: Counter[int] = Counter()
    for bucket, count in counts.items():
        value_ns = int(bucket_middle_ns(bucket))
        shift = max(0, value_ns.bit_length() - KEPT_BITS - 1)
        middle_ns = (value_ns >> shift << shift) + ((1 << shift) >> 1)
        found[bucket_of(middle_ns)] += count
    return dict(sorted(found.items()))


assert KEPT_BITS < SUB_BITS
