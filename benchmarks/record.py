"""A run as it is stored and exported: versioned JSON that can be read back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import cattrs
from cattrs import transform_error

from benchmarks.axes import describe_level, describe_point
from benchmarks.exceptions import RecordError
from benchmarks.json_codec import json_codec
from benchmarks.load.results import LoadResult, Slice
from benchmarks.resources import Usage
from benchmarks.stats.histogram import Histogram
from benchmarks.upgrades import upgraded
from benchmarks.whole_file import write_whole

AXIS_NAME = re.compile(r"|[a-z][a-z_]{0,29}", re.ASCII)  # or none
SCHEMA_VERSION = 4  # a field more or less is a schema more: see upgrades.py


class State(StrEnum):
    """What became of a run, a cell or a round."""

    RUNNING = "running"
    OK = "ok"
    VOID = "void"  # measured, but the instrument says it must not be believed
    FAILED = "failed"
    ABORTED = "aborted"
    EXCUSED = "not applicable"


class Flag(StrEnum):
    """What a reader has to know of a figure that is valid all the same."""

    CEILING = "at the ceiling"
    UNSTABLE = "unstable"
    OTHER_LOAD = "other load"
    CUT_SHORT = "cut short"  # of runs of schema 2; now such a round is void
    LATE = "sent late"
    VOID_ROUNDS = "void rounds"
    RECONNECTED = "connections not kept"
    UNSENT = "not all sent"


Flags = dict[Flag, str]  # with the sentence that says it


@dataclass
class RoundRecord:
    """One measured repetition of a cell."""

    number: int
    position: int  # place in the round's shuffled order
    started_at: str  # ISO 8601, UTC
    state: State
    reason: str = ""
    load: LoadResult | None = None
    usage: dict[str, Usage] = field(default_factory=dict)  # "server", "generator", "postgres", "upstream"
    load_side_busy: float | None = None  # share of the load side's CPUs that was busy; None where unpinned
    others_busy: float | None = None  # share of the server's CPU time that other processes took
    steal: float | None = None  # share of all CPUs' time that the host gave to somebody else
    tasks_started: int | None = None  # processes and threads that began in the window, on the whole machine
    database_connections: int | None = None  # the server's own, at the window's end (pg_stat_activity)
    database_connections_busy: int | None = None  # those of them that were not idle at that moment
    flags: Flags = field(default_factory=dict)

    @property
    def requests_per_s(self) -> float:
        return self.load.succeeded / self.load.window_s if self.load else 0.0


@dataclass
class IdleRecord:
    """What a server costs while connections are open and nothing is said on them."""

    connections: int  # that were open all the time
    duration_s: float
    rss_bytes: int
    cpu_ms_per_s: float | None  # as the server's own processes told it


@dataclass
class OverloadStep:
    """A stretch of time at a multiple of a contender's capacity."""

    factor: float
    offered_per_s: float
    goodput_per_s: float  # right answers within the timeout
    p99_ms: float | None  # from the intended send time
    failed: int
    unsent: int
    void: str = ""  # why it must not be believed


@dataclass
class OverloadRecord:
    """How a contender does at and beyond its capacity, and how long it takes to recover."""

    capacity_per_s: float
    steps: list[OverloadStep]
    recovery_s: float | None  # from the end of the highest load until p99 was back; None: not while it was watched
    watched_s: float
    timeout_s: float  # who waits longer is gone
    died: bool = False  # the server did not survive it
    timeline: list[Slice] = field(default_factory=list)
    slice_s: float = 0.0


@dataclass
class CellRecord:
    """One cell: how it was hosted, what was verified, its rounds."""

    scenario: str
    contender: str
    concurrency: int  # connections; in an open loop the most requests under way
    rate_per_s: float | None = None  # open loop: arrivals
    sweep_axis: str = ""  # "workers", "threads", a setting of the card such as "wait", or none
    sweep_value: float = 0.0
    state: State = State.RUNNING
    reason: str = ""
    middleware: str = ""
    command: list[str] = field(default_factory=list)
    workers: int = 0
    threads: int = 0
    cannot: list[str] = field(default_factory=list)
    wait_ms: float = 0.0
    slots: int | None = None  # requests it can serve at once; None: as many as connections
    hops: int = 0  # of its view between loop and threads, as its card says and a test counts
    verified: list[str] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    flags: Flags = field(default_factory=dict)
    idle: IdleRecord | None = None
    overload: OverloadRecord | None = None

    @property
    def setting(self) -> tuple[int, float | None, str, float]:
        """What a cell shares with those it may be compared with; a bound on what is under way is no load."""
        return 0 if self.rate_per_s else self.concurrency, self.rate_per_s, self.sweep_axis, self.sweep_value

    @property
    def level(self) -> str:
        """The load level in words, and the point of a sweep: "32 connections, wait 5 ms"."""
        load = describe_level(self.concurrency, self.rate_per_s)
        return f"{load}, {describe_point(self.sweep_axis, self.sweep_value)}" if self.sweep_axis else load

    @property
    def served_at_once(self) -> int:
        """How many requests can be served at the same time."""
        return min(self.concurrency, self.slots or self.concurrency)

    @property
    def keeps_connections(self) -> bool:
        """Whether the server says that it does."""
        return not any(text.startswith("no keep-alive") for text in self.cannot)

    @property
    def valid_rounds(self) -> list[RoundRecord]:
        return [entry for entry in self.rounds if entry.state is State.OK and entry.load is not None]

    def histogram(self) -> Histogram:
        """The latencies of all valid rounds, merged."""
        return Histogram.merged(Histogram.of_counts(entry.load.histogram) for entry in self.valid_rounds if entry.load)


@dataclass
class ScenarioRecord:
    """What a reader of a stored run has to know of a scenario, whatever its card says by then."""

    name: str
    title: str
    question: str
    baseline: str
    claims: list[str] = field(default_factory=list)
    settings: dict[str, float] = field(default_factory=dict)  # unless a sweep says otherwise
    cost_per: str = ""  # the setting whose cost for each unit is asked about


@dataclass
class RunRecord:
    """The plan, its rounds, and the environment it ran in."""

    started_at: str
    seed: int
    options: dict[str, Any]
    scenarios: list[ScenarioRecord]
    environment: dict[str, Any] = field(default_factory=dict)
    state: State = State.RUNNING
    reason: str = ""
    finished_at: str = ""
    wall_s: float = 0.0
    cells: list[CellRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schema: int = SCHEMA_VERSION


def dumps(record: RunRecord, indent: int | None = 1) -> str:
    return json_codec.dumps(record, indent=indent)


def loads(text: str, source: str = "the record") -> RunRecord:
    """Raises RecordError, with the place, when the text is damaged or of a version this code does not know."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{source} is not JSON: {error}", hint="was it cut off? export the run again") from error
    check_schema(data.get("schema") if isinstance(data, dict) else None, source)
    return structure(upgraded(data, source), source)


def check_schema(schema: object, source: str) -> None:
    """Raises RecordError for a schema that this code does not know."""
    if type(schema) is not int or not 1 <= schema <= SCHEMA_VERSION:
        raise RecordError(
            f"{source} has schema {schema!r}; this version reads 1 to {SCHEMA_VERSION}",
            hint="read it with the version of this project that wrote it",
        )


def structure(data: dict[str, Any], source: str = "the record", *, foreign: bool = True) -> RunRecord:
    """The record of today's schema that ``data`` is. Raises RecordError, with the place, when it is damaged.

    What is not ``foreign``, but comes from where this project put it, is not searched for what nobody measures.
    """
    try:
        record = json_codec.structure(data, RunRecord)
    except (cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError) as error:
        raise RecordError(f"{source} is damaged: {'; '.join(transform_error(error)[:3])}") from error
    if not foreign:
        return record
    if found := _impossible(record):
        raise RecordError(f"{source} is damaged: {found}")
    again = json.loads(json_codec.dumps(record))
    if again != data:  # a field with a default was missing, or a value was bent into its type
        raise RecordError(f"{source} is damaged: {_first_difference(data, again)}")
    return record


def _impossible(record: RunRecord) -> str:
    """What no run can have, though each value is of its type; nothing where all is well."""
    known = {card.name for card in record.scenarios}
    places = [(cell.scenario, cell.contender, cell.setting) for cell in record.cells]
    for cell in record.cells:
        if cell.scenario not in known:
            return f"a cell of a scenario {cell.scenario[:60]!r} that the run does not have"
        if not AXIS_NAME.fullmatch(cell.sweep_axis):
            return f"a sweep over {cell.sweep_axis[:60]!r}"
        for entry in cell.rounds:
            if entry.load is not None and (found := entry.load.impossible):
                return f"{cell.scenario} {cell.contender}, round {entry.number}: {found}"
    return "a cell that is there twice" if len(set(places)) < len(places) else ""


def _first_difference(data: Any, again: Any, place: str = "") -> str:
    """Where what was read differs from what it became."""
    if isinstance(data, dict) and isinstance(again, dict):
        for key in again:
            if key not in data:
                return f"{place}/{key} is missing"
            if data[key] != again[key]:
                return _first_difference(data[key], again[key], f"{place}/{key}")
    if isinstance(data, list) and isinstance(again, list) and len(data) == len(again):
        for number, (was, became) in enumerate(zip(data, again, strict=True)):
            if was != became:
                return _first_difference(was, became, f"{place}/{number}")
    return f"{place} is {str(data)[:60]!r}"


def write(record: RunRecord, path: Path, indent: int | None = 1) -> None:
    """Raises RecordError when the file cannot be written, see ``whole_file``."""
    write_whole(dumps(record, indent), path)


def read(path: Path) -> RunRecord:
    """Raises RecordError when the file is absent or damaged."""
    try:
        return loads(path.read_text(), str(path))
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is not text: {error}") from error
