"""Runs of Django's tests in processes of their own, and what became of each test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .child import SCRATCH_PREFIX

CHILD = Path(__file__).with_name("child.py")
RUN_WITHIN_S = 900
INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
SHOWN_CHARACTERS = 4000


Process = subprocess.Popen[bytes]


class RunBroken(Exception):
    """A run ended without a result: it crashed, hung, or did not begin."""


@dataclass
class Outcome:
    """What one mode's run, or several of them added up, came to."""

    mode: str
    ran: int = 0
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # test → traceback
    requests: int = 0
    threads: int = 0  # started for leases
    leased: int = 0  # leases that were still held at the end
    seconds: float = 0.0

    def add(self, other: Outcome) -> None:
        self.ran += other.ran
        self.skipped += other.skipped
        self.failed |= other.failed
        self.requests += other.requests
        self.threads += other.threads
        self.leased += other.leased
        self.seconds += other.seconds


def run_all(runs: Iterable[tuple[str, Sequence[str]]], tests: Path, mutant: str, jobs: int) -> dict[str, Outcome]:
    """Run (mode, labels) pairs, ``jobs`` at a time; the outcomes by mode. Raises RunBroken."""
    outcomes: dict[str, Outcome] = {}
    alive: list[Process] = []
    with ThreadPoolExecutor(jobs) as threads:
        futures = [threads.submit(run, mode, labels, tests, mutant, alive) for mode, labels in runs]
        try:
            for future in futures:
                found = future.result()
                outcomes.setdefault(found.mode, Outcome(found.mode)).add(found)
        except BaseException:
            for future in futures:
                future.cancel()
            for process in alive:
                _kill(process)
            raise
    return outcomes


def run(mode: str, labels: Sequence[str], tests: Path, mutant: str, alive: list[Process]) -> Outcome:
    """One process. It ends when its standard input does, and so with this one. Raises RunBroken."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX) as scratch:
        report, output = Path(scratch, "report.jsonl"), Path(scratch, "output.txt")
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment |= {"HOME": scratch, "TMPDIR": scratch}
        command = [sys.executable, "-P", str(CHILD), mode, mutant, str(report), str(tests), *labels]
        with output.open("wb") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=tests,
                start_new_session=True,
            )
            alive.append(process)
            try:
                process.wait(RUN_WITHIN_S)
            except subprocess.TimeoutExpired:
                pass  # there is no last line in its report
            finally:
                _kill(process)
                process.wait()
                alive.remove(process)
                if process.stdin is not None:
                    process.stdin.close()
        lines = _lines(report)
        if not lines or "ended" not in lines[-1]:
            raise RunBroken(_broken(mode, labels, lines, process.returncode, output))
        return _outcome(mode, lines, time.monotonic() - began_s)


def _kill(process: Process) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _lines(report: Path) -> list[dict[str, Any]]:
    if not report.exists():
        return []
    return [json.loads(line) for line in report.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


def _outcome(mode: str, lines: list[dict[str, Any]], seconds: float) -> Outcome:
    end = lines[-1]
    outcome = Outcome(mode, requests=end["requests"], threads=end.get("threads", 0), seconds=seconds)
    outcome.leased = end.get("leased", 0)
    outcome.ran = sum("began" in line for line in lines)
    outcome.skipped = sum("skipped" in line for line in lines)
    for line in lines:
        if "failed" in line:
            outcome.failed[line["failed"]] = outcome.failed.get(line["failed"], "") + line["because"]
    if end["ended"] and not outcome.failed:
        outcome.failed["runtests.py"] = f"It ended with {end['ended']!r}, and no test failed."
    return outcome


def _broken(mode: str, labels: Sequence[str], lines: list[dict[str, Any]], code: int | None, output: Path) -> str:
    began = [line["began"] for line in lines if "began" in line]
    where = f"in {began[-1]}" if began else "before its first test"
    return (
        f"The run {mode} of {' '.join(labels)} ended {where}, with exit code {code}. It said last:\n"
        + output.read_text("utf-8", "replace")[-SHOWN_CHARACTERS:]
    )
