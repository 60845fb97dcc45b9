"""What the tests share: one PostgreSQL, one upstream and one generator for the whole session."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest

from apps.scenarios.planning import build_plan
from benchmarks.cpus import available_cpus, lay_out
from benchmarks.plan import Contender, Plan
from benchmarks.servers import load_servers
from benchmarks.servers.base import Hosting
from benchmarks.servers.process import Process, start, wait_until_ready
from benchmarks.stage import Stage, open_stage
from benchmarks.tests.valkey import valkey
from benchmarks.wards import Guard

ROOT = Path(__file__).parent
CONNECTIONS = 8

Serve = Callable[..., AbstractContextManager[Process]]


def pytest_configure() -> None:
    """A suite that was started in the background ignores interrupts, and so would the commands it interrupts."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Hashed and collected as at the showcase's first start, so that pages can name them; a moment where they are."""
    from project.static_files import collect

    collect()


@pytest.fixture(scope="session")
def guard() -> Iterator[Guard]:
    with Guard() as guard:
        yield guard


@pytest.fixture(scope="session")
def redis_url(guard: Guard) -> Iterator[str]:
    """A real server that speaks Redis."""
    with valkey(guard) as (url, _):
        yield url


@pytest.fixture(scope="session")
def plan(redis_url: str) -> Plan:
    """All scenarios there are, few connections."""
    from apps.scenarios.registry import scenarios

    return build_plan(list(scenarios()), pool_size=4, seed=7, cache_url=redis_url)


@pytest.fixture(scope="session")
def stage(plan: Plan, guard: Guard) -> Iterator[Stage]:
    """PostgreSQL (seeded), upstream and generator, unlike each other in nothing from those of a run."""
    with open_stage(plan, guard, lay_out(available_cpus()), lambda text: None) as stage:
        yield stage


@pytest.fixture(scope="session")
def serve(stage: Stage, plan: Plan) -> Serve:
    """``with serve("orm_read", "sync@uvicorn") as process``: one contender on its real server."""
    servers = load_servers()

    @contextmanager
    def serving(scenario: str, contender: str, **env: str) -> Iterator[Process]:
        workload = next(item for item in plan.workloads if item.scenario == scenario)
        parsed = Contender.parse(contender)
        hosting = Hosting(cores=1, threads=CONNECTIONS, python=sys.executable)
        variables = {**stage.environment(workload, parsed, CONNECTIONS), **env}
        process = start(stage.guard, f"test-{time.monotonic_ns()}", servers[parsed.server], hosting, variables)
        try:
            wait_until_ready(process)
            yield process
        finally:
            stage.guard.stop(process.ward)

    return serving


@pytest.fixture(scope="session")
def serve_all(stage: Stage, plan: Plan) -> Iterator[Callable[[str], Process]]:
    """``serve_all("uvicorn")``: a server with every variant it can host, started once for the whole session."""
    servers = load_servers()
    started: dict[str, Process] = {}

    def started_server(name: str) -> Process:
        if name not in started:
            hosting = Hosting(cores=1, threads=CONNECTIONS, python=sys.executable)
            contender = Contender("all", name)
            env = {**stage.environment(plan.workloads[0], contender, CONNECTIONS), "CROSSOVER_ONLY": ""}
            env |= stage.cache.environment()
            started[name] = start(stage.guard, f"all-{name}", servers[name], hosting, env)
        wait_until_ready(started[name])
        return started[name]

    yield started_server
    stage.guard.stop_all([process.ward for process in started.values()])


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    # Not below tmp_path: that is private, and PostgreSQL, which is not run as root, has to pass through.
    with tempfile.TemporaryDirectory(prefix="crossover-test-") as folder:
        Path(folder).chmod(0o711)
        yield Sandbox(Path(folder))


class Sandbox:
    """A place for commands: a ``var/`` and a temporary folder of their own, so that what they leave can be seen."""

    root = ROOT  # the checkout whose manage.py is run

    def __init__(self, folder: Path) -> None:
        self.var, self.temporary = folder / "var", folder / "tmp"
        self.temporary.mkdir(mode=0o711)
        hidden = ("DJANGO_", "CROSSOVER_", "SECRET_KEY", "RESULTS_DATABASE_URL", "COLUMNS")
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
        self.env |= {"CROSSOVER_VAR": str(self.var), "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"}

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-W", "ignore", "manage.py", *words]

    def manage(self, *words: str, timeout_s: float = 120, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py``."""
        return self.run(self.argv(*words), timeout_s, **env)

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of bash."""
        return self.run(["bash", "-c", command])

    def run(self, argv: list[str], timeout_s: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        """Run to the end; output is text."""
        return subprocess.run(
            argv,
            cwd=self.root,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.argv(*words),
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def find(self, words: str) -> psutil.Process:
        """The one process that runs on this sandbox's behalf with these words in its command line."""
        (found,) = [process for process in self.running() if words in " ".join(process.cmdline())]
        return found

    def processes(self) -> list[str]:
        """Command lines of all processes that run on this sandbox's behalf."""
        found = []
        for process in self.running():
            with contextlib.suppress(psutil.Error):
                found.append(" ".join(process.cmdline()))
        return found

    def running(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("TMPDIR") == str(self.temporary)
                if (ours or str(self.temporary) in process.cwd()) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def leftovers(self) -> list[str]:
        return [*self.processes(), *(str(path) for path in self.temporary.iterdir())]

    def wait_until_clean(self, within_s: float = 5.0) -> None:
        """Fails with what is left after ``within_s``, the time the guardian promises."""
        deadline_s = time.monotonic() + within_s
        while self.leftovers() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert self.leftovers() == []


@pytest.fixture(scope="module")
def copied_tree() -> Iterator[Path]:
    """The project's files in another folder, for tests that add or break some; each module has its own."""
    with tempfile.TemporaryDirectory(prefix="crossover-test-") as folder:
        Path(folder).chmod(0o711)
        target = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".git", ".venv*", "var", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, target, ignore=ignored)
        yield target
