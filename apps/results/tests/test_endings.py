"""Every way a run can end before its time: interrupted, hung up, killed, or left by one of its services."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import time

import psutil
import pytest

from apps.results.tests.test_runbench import rows
from conftest import Sandbox

pytestmark = pytest.mark.slow
ENDLESS = ("--rounds", "900", "--duration", "0.1", "--concurrency", "2")


def start_endless(sandbox: Sandbox, scenario: str = "plaintext", *words: str) -> subprocess.Popen[str]:
    """A run that would go on for long, after three rounds of it."""
    process = sandbox.popen("runbench", scenario, *ENDLESS, *words)
    for line in process.stdout:
        if re.search(rf"\b3/\d+ {scenario}", line):
            return process
    raise AssertionError(f"it ended by itself with {process.wait()}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_once(sandbox: Sandbox, number: signal.Signals):
    with start_endless(sandbox) as process:
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(timeout=15) == 130
    assert "what was measured until then is kept" in rest
    assert "Traceback" not in rest
    sandbox.wait_until_clean()
    assert rows(sandbox, "SELECT state FROM results_run") == [("aborted",)]
    assert rows(sandbox, "SELECT DISTINCT state FROM results_cell") == [("aborted",)]
    assert rows(sandbox, "SELECT count(*) >= 3 FROM results_round WHERE state IN ('ok', 'void')") == [(1,)]


def test_nohup_survives_a_hangup(sandbox: Sandbox):
    command = f"trap '' HUP; exec {' '.join(sandbox.argv('runbench', 'plaintext', *ENDLESS))}"
    with subprocess.Popen(
        ["bash", "-c", command], cwd=sandbox.root, env=sandbox.env, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if "1/1" in line or " 2/" in line:
                process.send_signal(signal.SIGHUP)
            if " 6/" in line:
                break
        assert process.poll() is None
        process.terminate()
        process.stdout.read()
    sandbox.wait_until_clean()


def test_interrupted_twice(sandbox: Sandbox):
    with start_endless(sandbox) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.15)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=15) == 130
    assert "Traceback" not in rest
    sandbox.wait_until_clean()
    assert rows(sandbox, "SELECT state FROM results_run") == [("aborted",)]


def test_killed(sandbox: Sandbox):
    with start_endless(sandbox) as process:
        process.kill()
    sandbox.wait_until_clean()
    assert rows(sandbox, "SELECT state FROM results_run") == [("running",)]  # nobody was left to say otherwise
    listed = sandbox.manage(
        "shell", "-v0", "-c", "from apps.results.store import latest_run as l; print(l().state, '|', l().reason)"
    )
    assert listed.stdout.strip() == "aborted | the command that measured it is gone", listed.stderr
    assert rows(sandbox, "SELECT count(*) >= 3 FROM results_round WHERE state IN ('ok', 'void')") == [(1,)]


@pytest.mark.parametrize(
    ("scenario", "words", "said"),
    [
        ("plaintext", "benchmarks.load.engine", "the load generator died in the middle of the run (code -9"),
        ("plaintext", "benchmarks.guardian", "the guardian process ended"),
        ("fan_out", "benchmarks.services.upstream", "the upstream service died in the middle of the run (code -9"),
        ("orm_read", "bin/postgres -D", "PostgreSQL died in the middle of the run (code -9"),
    ],
)
def test_a_service_that_is_killed_is_named(sandbox: Sandbox, scenario: str, words: str, said: str):
    with start_endless(sandbox, scenario, "--contender", "sync@gunicorn-threads", "--duration", "0.5") as process:
        sandbox.find(words).kill()
        rest = process.stdout.read()
        assert process.wait(timeout=30) == 1
    assert said in rest
    assert "Traceback" not in rest
    sandbox.wait_until_clean()
    assert rows(sandbox, "SELECT state FROM results_run") == [("failed",)]
    assert rows(sandbox, "SELECT count(*) >= 3 FROM results_round WHERE state IN ('ok', 'void')") == [(1,)]


def test_a_server_one_of_whose_workers_was_replaced_is_not_ranked(sandbox: Sandbox):
    contenders = ("--contender", "sync@gunicorn-sync", "--contender", "sync@gunicorn-threads")
    words = ("plaintext", *contenders, "--rounds", "2", "--duration", "3", "--concurrency", "2")
    with sandbox.popen("runbench", *words) as process:
        for line in process.stdout:
            if " 1/4 " in line:  # a round of each contender is still to come
                break
        masters = [entry for entry in sandbox.running() if "--worker-class sync" in " ".join(entry.cmdline())]
        workers = [entry for entry in masters if entry.ppid() in {other.pid for other in masters}]
        for _ in range(60):  # whenever exactly its window is
            if process.poll() is not None:
                break
            for worker in workers[:1]:
                with contextlib.suppress(psutil.Error):
                    worker.kill()
            time.sleep(0.7)
            workers = [entry for entry in sandbox.running() if entry.ppid() in {other.pid for other in masters}]
        rest = process.stdout.read()
        assert process.wait(timeout=30) == 1
    assert "sync@gunicorn-sync: failed: round" in rest
    assert rows(sandbox, "SELECT state FROM results_cell WHERE contender = 'sync@gunicorn-sync'") == [("failed",)]
