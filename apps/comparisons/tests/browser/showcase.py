"""A showcase of its own on real servers: pages, upstream and aiohttp sibling, with runs to look at."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from signal import SIGTERM

from benchmarks.lifeline import die_with

ROOT = Path(__file__).resolve().parents[4]
REFERENCE = ROOT / "docs" / "reference" / "run.json"
HIDDEN = ("DJANGO_", "CROSSOVER_", "SECRET_KEY", "RESULTS_DATABASE_URL")
READY_WITHIN_S = 60.0
PAGES, SIBLING, UPSTREAM = (
    ("uvicorn", "project.asgi:application", "--log-level", "warning"),
    ("project.aiohttp_app",),
    ("benchmarks.services.upstream",),
)


@dataclass(frozen=True)
class Showcase:
    """Where it answers, and how its commands are run."""

    url: str
    var: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run ``manage.py`` beside it; what it prints. Raises CalledProcessError when it fails."""
        argv = [sys.executable, "-W", "ignore", "manage.py", *words]
        done = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, argv, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def open_showcase(var: Path, runs: Sequence[Path] = (), **settings: str) -> Iterator[Showcase]:
    """Starts all three on sockets that were bound here, so that no port is lost to somebody else; imports the runs."""
    with ExitStack() as stack:
        pages, sibling, upstream = (stack.enter_context(_listener()) for _ in range(3))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(HIDDEN)} | {
            "CROSSOVER_VAR": str(var),
            "CROSSOVER_SIBLING_URL": _url(sibling),
            "CROSSOVER_UPSTREAM_URL": _url(upstream),
            **settings,
        }
        showcase = Showcase(_url(pages), var, environment)
        if runs:
            showcase.manage("importrun", *map(str, runs))
        for listener, words in ((upstream, UPSTREAM), (sibling, SIBLING), (pages, PAGES)):
            stack.enter_context(_serving(listener, words, environment, var / f"{words[0]}.log"))
        _wait_for(showcase.url, var / "uvicorn.log")
        yield showcase


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _serving(listener: socket.socket, words: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    number = listener.fileno()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words, "--fd", str(number)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(number,),
            preexec_fn=partial(die_with, os.getpid(), SIGTERM),  # noqa: PLW1509 - nobody else has threads here yet
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # an open stream of events holds it
            process.kill()
            process.wait()


def _wait_for(url: str, log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(f"{url}/scenarios/", timeout=READY_WITHIN_S).close()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"the showcase does not answer: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)


def second_run(folder: Path) -> Path:
    """An earlier run to compare the reference with: the same figures, but for one contender's and what was left out."""
    run = json.loads(REFERENCE.read_text())
    run |= {"seed": run["seed"] + 1, "notes": ["made from the reference run for tests"]}
    run["started_at"], run["finished_at"] = (
        run[key].replace("2026-", "2025-") for key in ("started_at", "finished_at")
    )
    run["cells"] = [cell for cell in run["cells"] if cell["scenario"] in ("slow_io", "orm_read")]
    for cell in run["cells"]:
        if cell["contender"] == "async@uvicorn":
            for entry in filter(lambda entry: entry["load"], cell["rounds"]):
                entry["load"]["window_s"] *= 1.25
    path = folder / "second.json"
    path.write_text(json.dumps(run))
    return path


def copied(showcase: Showcase, var: Path) -> Path:
    """Its stored runs for another showcase; static files are collected anew, since its apps may be others."""
    shutil.copytree(showcase.var, var, ignore=shutil.ignore_patterns("static", "*.log", ".static-lock"))
    return var
