"""What a run's head says, also of runs from elsewhere whose options are of any kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.reporting.facts import Facts, duration, facts, repeat
from benchmarks.json_codec import json_codec
from benchmarks.tests.reference_runs import run_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def told(**changes: Any) -> dict[str, Any]:
    return {**json_codec.unstructure(run_of("plaintext")), **changes}


def test_the_command_is_the_one_that_was_given() -> None:
    words = ["fan_out", "--set", "wait=5ms", "it's"]
    found = repeat({"command": words}, ["fan_out"], 1)
    assert (found.command, found.exact) == ("python manage.py runbench fan_out --set wait=5ms 'it'\"'\"'s'", True)


@pytest.mark.parametrize(
    ("options", "seed", "command"),
    [
        ({}, 1, "python manage.py runbench a b"),
        ({"profile": ""}, 7, "python manage.py runbench a b --seed 7"),
        ({"profile": "full"}, 1, "python manage.py runbench --profile full"),
    ],
)
def test_of_a_run_that_did_not_keep_it_the_command_is_a_guess_and_says_so(
    options: dict[str, Any], seed: int, command: str
) -> None:
    found = repeat(options, ["a", "b"], seed)
    assert (found.command, found.exact) == (command, False)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, ""), (42.4, "42 s"), (99.9, "100 s"), (101, "2 min"), (3900, "1 h 5 min")]
)
def test_how_long_it_took(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_the_head_of_the_reference_run() -> None:
    found = facts(told(), NOW)
    assert "2 CPUs" in found.machine
    assert "django 5.2" in found.versions
    assert (len(found.commit), found.dirty, found.older_schema) == (9, False, False)
    environment = {row["texts"][0]: row["texts"][1] for row in found.environment["rows"]}
    assert environment["django"].startswith("5.2")
    assert environment["gil"] == "yes"
    assert "cpu_governor" not in environment


@pytest.mark.parametrize("value", [None, "", "many", 0, [], {"a": [1, {"b": 2}]}, ["x", None]])
def test_options_and_environments_of_any_kind_are_told_as_they_are(value: Any) -> None:
    names = ("load", "rounds", "duration_s", "warmup_s", "middleware", "contenders", "levels", "profile", "cpus")
    environment = dict.fromkeys(("cpu", "cpu_count", "memory_bytes", "packages", "python", "commit", "dirty"), value)
    assert isinstance(
        facts(told(options=dict.fromkeys(names, value), environment=environment), NOW),
        Facts,
    )


def test_an_older_schema_is_told() -> None:
    assert facts(told(schema=1), NOW).older_schema
