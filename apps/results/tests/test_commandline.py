"""A run keeps its command line, without paths and secrets."""

from __future__ import annotations

import shlex

import pytest

from apps.results.commandline import HIDDEN, WHOLE, command_kept
from apps.results.management.commands.runbench import Command


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        ("fan_out slow_io --set wait=5ms --concurrency 8,64", "fan_out slow_io --set wait=5ms --concurrency 8,64"),
        ("--json /home/me/run.json plaintext", "plaintext"),
        ("--json=/home/me/run.json plaintext", "plaintext"),
        ("plaintext --js run.json --htm run.html --seed 3", "plaintext --seed 3"),
        ("plaintext --compare latest --race 7", "plaintext"),
        ("plaintext --database postgresql://me:secret@host/name", "plaintext"),
        ("plaintext --data=postgresql://me:secret@host/name", "plaintext"),
        ("plaintext --database sqlite", "plaintext --database=sqlite"),
        ("plaintext --settings x.y --pythonpath /home/me", "plaintext"),
        ("plaintext --json", "plaintext"),
        ("-- plaintext", "-- plaintext"),
    ],
)
def test_options_that_hold_paths_or_secrets_are_left_out(given: str, kept: str) -> None:
    assert command_kept(shlex.split(given)) == shlex.split(kept)


def test_every_option_that_takes_a_file_is_hidden() -> None:
    """So that one that is added is thought of here."""
    parser = Command().create_parser("manage.py", "runbench")
    for action in parser._actions:
        if action.metavar in ("FILE", "RUN", "CHOICE", "RACE"):
            assert set(action.option_strings) <= set(HIDDEN)
        else:
            kept = [name for name in action.option_strings if name not in HIDDEN]
            assert all(command_kept([name, "1"]) == [name, "1"] for name in kept)
    assert set(WHOLE).isdisjoint(HIDDEN)
