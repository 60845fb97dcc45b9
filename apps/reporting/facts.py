"""What is to be known of a run before its figures: when, where, with which code, and how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.reporting.chart import listed
from benchmarks.json_codec import json_codec
from benchmarks.record import SCHEMA_VERSION, State

TOLD_PACKAGES = ("django", "uvicorn", "gunicorn", "aiohttp", "psycopg")
RUNBENCH = ("python", "manage.py", "runbench")
COMMIT_DIGITS = 9


@dataclass(frozen=True)
class Repeat:
    """The command line that does the run again; not ``exact`` where the run did not keep its own."""

    command: str
    exact: bool


@dataclass(frozen=True)
class Facts:
    """The head of a run's page, in words."""

    state: State
    reason: str
    started_at: datetime
    lasted: str
    repeat: Repeat
    load: str
    seed: int
    contenders: tuple[str, ...]
    machine: str
    versions: str
    commit: str
    dirty: bool
    notes: tuple[str, ...]
    schema: int
    older_schema: bool
    environment: dict[str, Any]  # a Grid as JSON
    options: dict[str, Any]


def facts(told: Mapping[str, Any], started_at: datetime) -> Facts:
    """``told`` is a run's own part of its record, as plain data: state, options, environment and the like."""
    environment, options = told["environment"], told["options"]
    return Facts(
        state=State(told["state"]),
        reason=told["reason"],
        started_at=started_at,
        lasted=duration(told["wall_s"]),
        repeat=repeat(options, [card["name"] for card in told["scenarios"]], told["seed"]),
        load=_load(options),
        seed=told["seed"],
        contenders=contenders_of(options),
        machine=_machine(environment, options),
        versions=_versions(environment),
        commit=short_commit(environment.get("commit")),
        dirty=bool(environment.get("dirty")),
        notes=tuple(told["notes"]),
        schema=told["schema"],
        older_schema=told["schema"] < SCHEMA_VERSION,
        environment=_flat("what", environment),
        options=_flat("option", {name: value for name, value in options.items() if name != "command"}),
    )


def repeat(options: Mapping[str, Any], scenarios: Iterable[str], seed: int) -> Repeat:
    """As it was given; of runs that did not keep it, what can be told from what was run."""
    words = options.get("command")
    if isinstance(words, list):
        return Repeat(shlex.join([*RUNBENCH, *map(str, words)]), exact=True)
    profile = options.get("profile")
    asked = ["--profile", str(profile)] if profile else list(scenarios)
    return Repeat(shlex.join([*RUNBENCH, *asked, *(["--seed", str(seed)] if seed != 1 else [])]), exact=False)


def duration(seconds: float) -> str:
    """``42 s``, ``16 min``, ``1 h 5 min``; nothing where it is not known."""
    if seconds <= 0:
        return ""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def contenders_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    names = options.get("contenders")
    return tuple(map(str, names)) if isinstance(names, list) else ()


def short_commit(commit: object) -> str:
    return commit[:COMMIT_DIGITS] if isinstance(commit, str) else ""


def _load(options: Mapping[str, Any]) -> str:
    rounds, duration_s, warmup_s = (_number(options.get(name)) for name in ("rounds", "duration_s", "warmup_s"))
    parts = [str(options["load"])] if "load" in options else []
    if rounds and duration_s:
        parts.append(
            f"{rounds:g} rounds of {duration_s:g} s" + (f" after {warmup_s:g} s of warm-up" if warmup_s else "")
        )
    if middleware := options.get("middleware"):
        parts.append(f"middleware: {middleware}")
    return ", ".join(parts)


def _machine(environment: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    memory = _number(environment.get("memory_bytes"))
    parts = (
        environment.get("cpu"),
        f"{environment['cpu_count']} CPUs" if environment.get("cpu_count") else None,
        f"{memory / 1e9:.0f} GB" if memory else None,
        " ".join(str(environment[name]) for name in ("system", "kernel") if environment.get(name)),
        options.get("cpus"),
        options.get("database"),
    )
    return "; ".join(str(part) for part in parts if part)


def _versions(environment: Mapping[str, Any]) -> str:
    packages = environment.get("packages")
    packages = packages if isinstance(packages, Mapping) else {}
    python = [f"Python {environment['python']}"] if environment.get("python") else []
    return ", ".join([*python, *(f"{name} {packages[name]}" for name in TOLD_PACKAGES if packages.get(name))])


def _number(value: Any) -> float | None:
    """Options and environment are not of fixed types: a file may come from anywhere."""
    return value if isinstance(value, int | float) else None


def _flat(heading: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Every value on a line of its own; of what is absent there is no line."""
    found: dict[str, Any] = json_codec.unstructure(listed((heading, "value"), lines_of(told), keys=2))
    return found


def lines_of(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [line for name, value in told.items() for line in _lines(name, value)]


def _lines(name: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [line for key, one in value.items() for line in _lines(f"{name} {key}", one)]
    return [(name.removeprefix("packages "), _text(value))] if value not in (None, "", []) else []


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ("; " if any(isinstance(one, Mapping) for one in value) else ", ").join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_text(one)}" for name, one in value.items())
    return str(value)
