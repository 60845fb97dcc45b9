"""``manage.py runbench`` as people use it: a real run, wrong usage, and every way to end one."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from pathlib import Path

import psycopg
import pytest

from benchmarks import record
from benchmarks.record import State
from benchmarks.services.database import MARK, SCHEMA
from benchmarks.stage import Stage
from conftest import Sandbox

pytestmark = pytest.mark.slow
QUICK = ("--rounds", "1", "--duration", "0.2", "--concurrency", "4")


def rows(sandbox: Sandbox, query: str) -> list[tuple]:
    with sqlite3.connect(sandbox.var / "showcase.sqlite3") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_a_whole_run(sandbox: Sandbox, tmp_path: Path):
    target = tmp_path / "run.json"
    done = sandbox.manage("runbench", *QUICK, "--json", str(target), "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    for heading in (
        "requests/s",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "errors",
        "CPU ms/req",
        "RSS MB",
        "threads",
        "ratio to",
    ):
        assert heading in done.stdout
    assert done.stdout.count("cannot: no keep-alive") == 2
    said = [line for line in done.stdout.splitlines() if re.match("At 4 connections|No cell has a figure", line)]
    assert len(said) == 3
    assert "Stored as run 1" in done.stdout
    run = record.read(target)
    assert run.state is State.OK
    assert len(run.cells) == 20
    assert {cell.state for cell in run.cells} <= {State.OK, State.VOID}
    for cell in run.cells:
        assert cell.verified[0].endswith("randomised answers")
        assert len(cell.rounds) == 1
        assert cell.command
    statements = {cell.scenario: cell.verified[1] for cell in run.cells if len(cell.verified) > 1}
    assert "statements" in statements["orm_read"]
    assert "upstream calls" in "".join(run.cells[-1].verified)
    for key in ("cpu", "kernel", "python", "packages", "commit"):
        assert run.environment[key]
    assert run.options["levels"] == {name: ["4 connections"] for name in ("plaintext", "orm_read", "fan_out")}
    assert "password" not in target.read_text()
    assert rows(sandbox, "SELECT state, count(*) FROM results_round GROUP BY 1") != []
    assert rows(sandbox, "SELECT count(*) FROM results_round") == [(20,)]
    assert all(json.loads(load)["histogram"] for (load,) in rows(sandbox, "SELECT load FROM results_round"))
    sandbox.wait_until_clean()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fanout"], "did you mean fan_out?"),
        (["--contender", "sync@gunicorn-thread"], "did you mean gunicorn-threads"),
        (["--contender", "async@gunicorn-sync"], "servers for async: "),
        (["--contender", "asink@uvicorn"], "did you mean async?"),
        (["--contender", "uvicorn"], "write variant@server"),
        (["--middleware", "defualt"], "did you mean default?"),
        (["--concurrency", "0"], "out of range"),
        (["--concurrency", "8,x"], "not a whole number"),
        (["--duration", "-1"], "out of range"),
        (["--duration", "nan"], "out of range"),
        (["--rounds", "1.5"], "not a whole number"),
        (["--seed", "-1"], "not a whole number"),
        (["--database", "mysql://x"], "use 'embedded'"),
        (["--database", "postgresql://[bad"], "use 'embedded'"),
        (["--database", ""], "use 'embedded'"),
        (["--json", "/"], "that is a folder"),
        (["--json", "/nonexistent/folder/run.json"], "there is no folder"),
        (["--no-such-option"], "unrecognized arguments"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(sandbox: Sandbox, words: list[str], said: str):
    done = sandbox.manage("runbench", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr.replace("Did", "did").replace("Use", "use").replace("Write", "write").replace("Se", "se")
    assert "Traceback" not in done.stderr
    assert not (sandbox.var / "showcase.sqlite3").exists()


def test_list_and_dry_run_and_help_measure_nothing(sandbox: Sandbox):
    listed, dry, helped = (sandbox.manage("runbench", word) for word in ("--list", "--dry-run", "--help"))
    assert [done.returncode for done in (listed, dry, helped)] == [0, 0, 0]
    for name in ("plaintext", "orm_read", "fan_out", "gunicorn-threads", "uvicorn", "wrapped"):
        assert name in listed.stdout
    assert "sync@gunicorn-sync at 32 connections" in dry.stdout
    assert "examples:" in helped.stdout
    assert not (sandbox.var / "showcase.sqlite3").exists()


def test_a_run_beside_a_race_says_so_and_keeps_it(sandbox: Sandbox, tmp_path: Path):
    sandbox.manage("migrate", "-v0")
    begun = "from apps.results.models import Race; Race.objects.create(asked={}, command_host='elsewhere.example')"
    assert sandbox.manage("shell", "-v0", "-c", begun).returncode == 0
    target = tmp_path / "run.json"
    done = sandbox.manage("runbench", "plaintext", *QUICK, "--json", str(target))
    assert done.returncode == 0, done.stderr
    assert "Not alone: race 1 was going on already" in done.stderr
    assert any(note.startswith("not alone: race 1") for note in json.loads(target.read_text())["notes"])


def test_too_few_file_descriptors_are_noticed_before_the_start(sandbox: Sandbox):
    command = f"ulimit -n 90 && exec {' '.join(sandbox.argv('runbench', 'plaintext'))}"
    done = sandbox.shell(command)
    assert done.returncode == 2
    assert "32 connections need 96 open files, but the limit is 90" in done.stderr
    assert "At most 26 fit; or raise the limit with: ulimit -n 96" in done.stderr


def test_a_reader_that_goes_away_does_not_end_the_run(sandbox: Sandbox):
    words = sandbox.argv("runbench", "plaintext", *QUICK, "--contender", "sync@gunicorn-threads")
    command = f"set -o pipefail; {' '.join(words)} | head -1"
    done = sandbox.shell(command)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert rows(sandbox, "SELECT state FROM results_run") == [("ok",)]


def test_an_output_that_cannot_show_every_sign_still_gets_the_tables(sandbox: Sandbox):
    words = ("plaintext", *QUICK, "--contender", "sync@gunicorn-threads", "--contender", "aiohttp@aiohttp")
    done = sandbox.manage("runbench", *words, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "requests/s" in done.stdout


def test_a_folder_that_cannot_be_used_is_one_sentence(sandbox: Sandbox):
    done = sandbox.manage("runbench", "--list", CROSSOVER_VAR="/proc/nowhere")
    assert done.returncode == 1
    assert "set CROSSOVER_VAR to one you may write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_results_database_that_is_not_there_is_a_clear_error(sandbox: Sandbox):
    done = sandbox.manage("runbench", "plaintext", *QUICK, RESULTS_DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert done.returncode == 1
    assert "The showcase's database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_private_temporary_folder_is_a_clear_error_for_root(sandbox: Sandbox):
    if os.geteuid() != 0:
        pytest.skip("only root has to drop to another user")
    sandbox.temporary.chmod(0o700)
    done = sandbox.manage("runbench", "orm_read", *QUICK)
    assert done.returncode == 1
    assert f"cannot enter {sandbox.temporary}" in done.stderr
    sandbox.wait_until_clean()


def test_a_database_that_is_not_there(sandbox: Sandbox):
    done = sandbox.manage("runbench", "orm_read", *QUICK, "--database", "postgresql://me:secret@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert rows(sandbox, "SELECT state FROM results_run") == [("failed",)]
    assert "secret" not in str(rows(sandbox, "SELECT * FROM results_run"))
    sandbox.wait_until_clean()


@pytest.fixture
def other_database(stage: Stage, request: pytest.FixtureRequest):
    """An empty database on the session's server, as a user's own would be."""
    name = f"theirs_{time.monotonic_ns()}"
    url = stage.database.url.rpartition("/")[0] + "/" + name
    with psycopg.connect(stage.database.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_somebody_elses_tables_are_refused_and_untouched(sandbox: Sandbox, other_database: str):
    with psycopg.connect(other_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE payroll AS SELECT 1 AS salary")
        done = sandbox.manage("runbench", "orm_read", *QUICK, "--database", other_database)
        assert done.returncode == 1
        assert "public.payroll" in done.stderr
        assert "nothing was touched" in done.stderr
        assert connection.execute("SELECT salary FROM payroll").fetchall() == [(1,)]
        schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = %s"
        assert connection.execute(schemas, [SCHEMA]).fetchone() == (0,)


def test_a_schema_of_our_name_that_we_did_not_mark_is_refused(sandbox: Sandbox, other_database: str):
    with psycopg.connect(other_database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        done = sandbox.manage("runbench", "orm_read", *QUICK, "--database", other_database)
        assert done.returncode == 1
        assert "did not make" in done.stderr
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{MARK}'")


def test_an_empty_database_is_used_and_left_empty(sandbox: Sandbox, other_database: str):
    words = ("runbench", "orm_read", *QUICK, "--contender", "sync@gunicorn-threads", "--contender", "aiohttp@aiohttp")
    done = sandbox.manage(*words, CROSSOVER_DATABASE_URL=other_database)
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(other_database, autocommit=True) as connection:
        left = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s"
        assert connection.execute(left, [SCHEMA]).fetchone() == (0,)


def test_sqlite_on_request_is_marked(sandbox: Sandbox, tmp_path: Path):
    target = tmp_path / "run.json"
    words = ("--contender", "sync@gunicorn-threads", "--contender", "aiohttp@aiohttp", "--json", str(target))
    done = sandbox.manage("runbench", "orm_read", *QUICK, "--database", "sqlite", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "needs PostgreSQL" in done.stdout
    run = record.read(target)
    assert any("not representative" in note for note in run.notes)
    assert run.cells[0].state in (State.OK, State.VOID)
    assert run.cells[1].state is State.EXCUSED
