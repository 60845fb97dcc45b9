"""Two runs beside each other: the cells that both have, and what was different around them."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from statistics import median
from typing import Any

from benchmarks.record import CellRecord, Flag, RunRecord, State
from benchmarks.stats.intervals import Ratio, unpaired_ratio
from benchmarks.stats.summary import ceiling_per_s, merits, percentile_ms, usable

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
class CellGist:
    """Of a cell whose figures may be shown, what a comparison asks for: small enough to be kept beside a report."""

    scenario: str
    contender: str
    level: str
    setting: tuple[int, float | None, str, float]
    state: State
    flags: tuple[Flag, ...]
    merits: dict[int, list[float]]
    requests_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    ceiling_per_s: float | None  # only of one that is at it

    @property
    def rate_per_s(self) -> float | None:
        return self.setting[1]


@dataclass(frozen=True)
class RunGist:
    """A run without its rounds; also read from a database, cell by cell as it was stored."""

    seed: int
    options: dict[str, Any]
    environment: dict[str, Any]
    cells: tuple[CellGist, ...]


@dataclass(frozen=True)
class Change:
    """One cell in both runs. The ratio is the later run ÷ the earlier; above 1 the later one is better."""

    earlier: CellGist
    later: CellGist
    ratio: Ratio | None

    @property
    def scenario(self) -> str:
        return self.later.scenario

    @property
    def contender(self) -> str:
        return self.later.contender

    @property
    def level(self) -> str:
        return self.later.level

    @property
    def at_same_ceiling(self) -> bool:
        """Then the wait was measured, and not they."""
        return self.earlier.ceiling_per_s is not None and self.earlier.ceiling_per_s == self.later.ceiling_per_s


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


def gist(run: RunRecord) -> RunGist:
    """The cells that may be compared, and what was around them."""
    cells = tuple(_gist(cell) for cell in run.cells if usable(cell))
    return RunGist(run.seed, run.options, run.environment, cells)


def _gist(cell: CellRecord) -> CellGist:
    histogram = cell.histogram()
    return CellGist(
        scenario=cell.scenario,
        contender=cell.contender,
        level=cell.level,
        setting=cell.setting,
        state=cell.state,
        flags=tuple(cell.flags),
        merits=merits(cell),
        requests_per_s=median(entry.requests_per_s for entry in cell.valid_rounds),
        p50_ms=percentile_ms(histogram, 50),
        p99_ms=percentile_ms(histogram, 99),
        ceiling_per_s=ceiling_per_s(cell) if Flag.CEILING in cell.flags else None,
    )


def compare(earlier: RunRecord, later: RunRecord) -> Comparison:
    """What changed from one run to the other."""
    return compare_gists(gist(earlier), gist(later))


def compare_gists(earlier: RunGist, later: RunGist) -> Comparison:
    """The same. Rounds of two runs are no pairs, so each side has noise of its own."""
    before, after = ({_key(cell): cell for cell in run.cells} for run in (earlier, later))
    changes = [_change(before[key], after[key]) for key in before if key in after]
    return Comparison(
        changes=tuple(sorted(changes, key=_weight, reverse=True)),
        differences=tuple(differences(earlier, later)),
        only_earlier=len(before.keys() - after.keys()),
        only_later=len(after.keys() - before.keys()),
    )


def _key(cell: CellGist) -> tuple[object, ...]:
    return cell.scenario, cell.contender, *cell.setting


def _change(earlier: CellGist, later: CellGist) -> Change:
    return Change(earlier, later, unpaired_ratio(later.merits, earlier.merits))


def _weight(change: Change) -> tuple[bool, float]:
    """Changes that the interval carries come first, the largest of them at the top."""
    ratio = change.ratio
    if ratio is None:
        return False, -1.0
    return ratio.different, abs(log(ratio.value)) if ratio.value else float("inf")


def differences(earlier: RunRecord | RunGist, later: RunRecord | RunGist) -> list[Difference]:
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
