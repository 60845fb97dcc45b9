"""``manage.py checkpages``: how fast the pages answer when many runs are stored."""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from rich.console import Console

from apps.results.console import HarnessCommand, errors_told, open_console
from apps.results.values import positive
from benchmarks.exceptions import StartError
from benchmarks.reports.figures import milliseconds
from benchmarks.servers.process import start_command, wait_until_ready
from benchmarks.wards import Guard

EXAMPLES = """
examples:
  manage.py checkpages                 1,000 runs, each page 60 times
  manage.py checkpages --runs 1        for comparison: what a page costs in any case
"""
RUNS, REQUESTS, MOST_RUNS = 1000, 60, 10_000
UVICORN = ("-m", "uvicorn", "project.asgi:application", "--fd", "{fd}", "--no-access-log")
REFERENCE = Path(settings.BASE_DIR) / "docs" / "reference" / "run.json"


class Command(HarnessCommand):
    help = "Fill a database of its own with runs, serve it with uvicorn, and time the pages from outside."
    epilog = EXAMPLES
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--runs", type=positive(int, MOST_RUNS), default=RUNS, metavar="N", help="stored (1000)")
        parser.add_argument(
            "--requests", type=positive(int, 10_000), default=REQUESTS, metavar="N", help="of each page (60)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = open_console()
        with errors_told(), Guard() as guard:
            env = {**os.environ, "CROSSOVER_VAR": str(guard.folder / "var")}
            console.print(f"Filling a database of its own with {options['runs']} runs …")
            argv = (sys.executable, "-m", "apps.comparisons.many_runs", str(REFERENCE), str(options["runs"]))
            filled = guard.start("fill", argv, env=env)
            filled.ended.wait()
            if filled.returncode != 0:
                raise StartError(f"the database could not be filled ({filled.epitaph()})")
            showcase = start_command(guard, "showcase", (sys.executable, *UVICORN), env)
            wait_until_ready(showcase)
            for path, note in _pages(options["runs"]):
                _tell(console, path, note, list(_timed(showcase.port, path, options["requests"])))


def _pages(runs: int) -> Iterator[tuple[str, str]]:
    """Every page that is to be quick; the middle of the runs, so that nothing is the newest."""
    yield "/", "overview"
    yield "/scenarios/orm_read/", "scenario"
    yield "/runs/", "runs"
    yield f"/runs/{max(1, runs // 2)}/", "run"
    if runs > 1:
        yield f"/runs/{max(1, runs // 2)}/compare/{{}}/", "compare, another pair each time"
        yield f"/runs/{max(1, runs // 2)}/compare/{runs}/", "compare, one pair"


def _timed(port: int, path: str, requests: int) -> Iterator[float]:
    """Milliseconds of each request after the first, on one connection, one after another."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(requests + 1):
        began_s = time.perf_counter()
        connection.request("GET", path.format(number + 1), headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {body[:300]!r}")
        if number:
            yield (time.perf_counter() - began_s) * 1000
    connection.close()


def _tell(console: Console, path: str, note: str, times_ms: list[float]) -> None:
    ordered = sorted(times_ms)
    p50_ms, p95_ms = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
    console.print(
        f"{note:32} p50 {milliseconds(p50_ms):>6} ms   p95 {milliseconds(p95_ms):>6} ms   {path}", markup=False
    )
