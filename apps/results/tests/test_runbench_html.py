"""``runbench --html``: the command writes the file that the pages export, and keeps its command line without it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from conftest import Sandbox

pytestmark = pytest.mark.slow
QUICK = (
    "plaintext",
    "--contender",
    "sync@gunicorn-threads",
    "--rounds",
    "1",
    "--duration",
    "0.1",
    "--concurrency",
    "2",
)


def test_a_run_is_written_as_one_page_and_keeps_its_command_line(sandbox: Sandbox, tmp_path: Path) -> None:
    page, record = tmp_path / "run.html", tmp_path / "run.json"
    done = sandbox.manage("runbench", *QUICK, "--database", "sqlite", "--html", str(page), "--json", str(record))
    assert done.returncode == 0, done.stderr
    assert f"Written to {page}." in done.stdout.replace("\n", "")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<title>Crossover run 1</title>" in text
    assert "sync@gunicorn-threads" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.html", "run.json"]
    with sqlite3.connect(sandbox.var / "showcase.sqlite3") as connection:
        ((options,),) = connection.execute("SELECT options FROM results_run").fetchall()
    connection.close()
    assert json.loads(options)["command"] == [*QUICK, "--database=sqlite"]
    assert json.loads(record.read_text())["options"]["command"] == [*QUICK, "--database=sqlite"]
    assert str(tmp_path) not in text
    said = sandbox.manage("importrun", str(record)).stdout
    assert said == "run.json: is run 1 already; nothing was stored.\n"


def test_a_page_that_cannot_be_written_is_refused_before_anything_is_measured(sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox.manage("runbench", *QUICK, "--html", str(tmp_path))
    assert done.returncode == 2
    assert f"--html {tmp_path}: that is a folder" in done.stderr
    assert not (sandbox.var / "showcase.sqlite3").exists()


def test_the_help_of_importing_shows_how(sandbox: Sandbox) -> None:
    said = sandbox.manage("importrun", "--help").stdout
    assert "manage.py importrun run.json" in said
