"""Wrong usage on the real command line: the exit code, the reason on stderr, and nothing started or stored."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from apps.results.tests.test_runbench import rows
from benchmarks import record
from benchmarks.tests.records import cell_record, run_record
from conftest import Sandbox

pytestmark = pytest.mark.slow


def refused(sandbox: Sandbox, done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """What stderr says of a command that ended with this code before it had stored or started anything."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "starting" not in done.stdout
    if (sandbox.var / "showcase.sqlite3").exists():
        assert rows(sandbox, "SELECT count(*) FROM results_run") == [(0,)]
    assert sandbox.leftovers() == []
    return done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rate 5 --concurrency 8", "--rate and --concurrency contradict each other"),
        ("--rate nan", "nan is out of range: above 0"),
        ("--in-flight 0", "0 is out of range: above 0"),
        ("--patience x", "'x' is not a whole number"),
        ("--sweep wiat=1ms,2ms", "did you mean wait?"),
        ("--sweep wait=1ms", "has one value: a sweep needs at least two"),
        ("--arrivals poisson", "--arrivals is about an open loop"),
        ("--rate 5 --arrivals often", "there is no kind of arrivals 'often'"),
        ("plaintext --sweep wait=1ms,2ms", "plaintext does not wait"),
        ("fan_out --sweep wait=1ms,51ms", "fan_out can wait 50 ms at most"),
        ("fan_out --timeout 0.1", "so no answer can come within --timeout 0.1"),
        ("--compare 7", "there is no run 7\nNo run is stored yet."),
        ("--compare latest", "there is no run latest"),
        ("--compare absent.json", "there is no file absent.json\nName a file that --json wrote, or a run"),
    ],
)
def test_runbench_ends_with_2_and_the_reason(sandbox: Sandbox, words: str, said: str) -> None:
    assert said in refused(sandbox, sandbox.manage("runbench", *words.split()))


@pytest.mark.parametrize(
    ("words", "limit", "said"),
    [
        ("--concurrency 8,500", 300, "500 connections need 564 open files, but the limit is 300\nAt most 236 fit"),
        ("--rate 50", 300, "1000 connections need 1064 open files"),
        ("--overload --in-flight 400", 300, "400 connections need 464 open files"),
    ],
)
def test_more_connections_than_descriptors(sandbox: Sandbox, words: str, limit: int, said: str) -> None:
    command = f"ulimit -n {limit} && exec {shlex.join(sandbox.argv('runbench', 'plaintext', *words.split()))}"
    done = sandbox.shell(command)
    assert said in refused(sandbox, done)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": 1}', "is damaged: it does not follow its schema 1"),
        ('{"schema": 2}', "is damaged: it does not follow its schema 2"),
        ('{"schema": 3}', "is damaged: it does not follow its schema 3"),
        ('{"schema": 4}', "is damaged: required field missing"),
        ('{"schema": 99}', "has schema 99; this version reads 1 to 4"),
        ('{"schema": 3, "se', "is not JSON"),
    ],
)
def test_a_damaged_file_to_compare_with_ends_with_1(sandbox: Sandbox, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(text)
    assert said in refused(sandbox, sandbox.manage("runbench", "plaintext", "--compare", str(path)), code=1)
    assert said in refused(sandbox, sandbox.manage("compareruns", str(path), str(path)), code=1)


def test_compareruns_takes_files_and_says_what_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    for name, rate, kernel in (("before", 1000, "6.1"), ("after", 2000, "6.2")):
        run = run_record(cell_record(rates=(rate,) * 5), cell_record("async@uvicorn", rates=(500,) * 5))
        run.environment = {"kernel": kernel}
        record.write(run, tmp_path / f"{name}.json")
    done = sandbox.manage("compareruns", str(tmp_path / "before.json"), str(tmp_path / "after.json"))
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    figures = "1,000 2,000 10.0 → 10.0 10.0 → 10.0 2.00 × (2.00–2.00) better"
    assert f"plaintext sync@gunicorn-threads 32 connections {figures}" in lines
    assert "kernel 6.1 6.2" in lines
    assert "Cells in both runs: 2; changed: 1." in done.stdout


def test_a_run_is_compared_with_an_earlier_one(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whether there are figures to compare, or a busy machine made them void, both runs are named."""
    words = ("runbench", "slow_io", "--rounds", "1", "--duration", "0.1", "--concurrency", "2")
    contender = ("--contender", "aiohttp@aiohttp")
    first = sandbox.manage(*words, *contender, "--json", str(tmp_path / "first.json"))
    assert first.returncode == 0, first.stderr
    second = sandbox.manage(*words, *contender, "--compare", "1")
    assert second.returncode == 0, second.stderr
    third = sandbox.manage("compareruns", str(tmp_path / "first.json"), "latest")
    assert third.returncode == 0, third.stderr
    for done, earlier, later in ((second, "run 1", "this run"), (third, r"first\.json", "run 2")):
        assert "Cells in both runs: " in done.stdout
        assert re.search(rf"{earlier}: requests/s +{later}: requests/s|only in ({earlier}|{later})\.", done.stdout)
    assert "No difference of environment was recorded." in third.stdout
