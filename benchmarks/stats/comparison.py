"""Two runs beside each other: the cells that both have, and what was different around them."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from benchmarks.record import CellRecord, RunRecord
from benchmarks.stats.intervals import Ratio, unpaired_ratio
from benchmarks.stats.summary import merits, usable

IGNORED = {"load_average_before", "busy_before"}  # never equal; a busy machine is noted in the run itself
CONDITIONS = (
    "load",
    "arrivals",
    "in_flight",
    "generators",
    "duration_s",
    "warmup_s",
    "middleware",
    "pool_size",
    "threads",
    "timeout_s",
    "settings",
    "sweeps",
    "workers",
    "cpus",
    "database",
    "watched",
)


@dataclass(frozen=True)
class Change:
    """One cell in both runs. The ratio is the later run ÷ the earlier; above 1 the later one is better."""

    scenario: str
    contender: str
    level: str
    earlier: CellRecord
    later: CellRecord
    ratio: Ratio | None


@dataclass(frozen=True)
class Difference:
    """Something around the figures that was not the same."""

    name: str
    earlier: str
    later: str


@dataclass(frozen=True)
class Comparison:
    """Changed cells first; cells that only one of the runs has are counted, not compared."""

    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]
    only_earlier: int
    only_later: int


def compare(earlier: RunRecord, later: RunRecord) -> Comparison:
    """What changed from one run to the other. Rounds of two runs are no pairs, so each side has noise of its own."""
    before, after = ({_key(cell): cell for cell in run.cells if usable(cell)} for run in (earlier, later))
    changes = [_change(before[key], after[key]) for key in before if key in after]
    return Comparison(
        changes=tuple(sorted(changes, key=_weight, reverse=True)),
        differences=tuple(differences(earlier, later)),
        only_earlier=len(before.keys() - after.keys()),
        only_later=len(after.keys() - before.keys()),
    )


def _key(cell: CellRecord) -> tuple[object, ...]:
    return cell.scenario, cell.contender, *cell.setting


def _change(earlier: CellRecord, later: CellRecord) -> Change:
    ratio = unpaired_ratio(merits(later), merits(earlier))
    return Change(later.scenario, later.contender, later.level, earlier, later, ratio)


def _weight(change: Change) -> tuple[bool, float]:
    """Changes that the interval carries come first, the largest of them at the top."""
    ratio = change.ratio
    if ratio is None:
        return False, -1.0
    return ratio.different, abs(log(ratio.value)) if ratio.value else float("inf")


def differences(earlier: RunRecord, later: RunRecord) -> list[Difference]:
    """The environment, package by package, and the options that change what a figure means."""
    before, after = (
        _flat({**run.environment, "seed": run.seed, **{name: run.options.get(name) for name in CONDITIONS}})
        for run in (earlier, later)
    )
    return [
        Difference(name, _text(before.get(name)), _text(after.get(name)))
        for name in sorted(before.keys() | after.keys())
        if name not in IGNORED and before.get(name) != after.get(name) and known(name, before, after)
    ]


def known(name: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether both runs say it at all: options that an older schema did not store are no difference."""
    return name.partition(".")[0] not in CONDITIONS or None not in (before.get(name), after.get(name))


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """Nested dictionaries as one: ``packages.django``, and the name alone for packages."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            inner = _flat(value)
            found |= inner if name == "packages" else {f"{name}.{key}": one for key, one in inner.items()}
        else:
            found[name] = value
    return found


def _text(value: Any) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
