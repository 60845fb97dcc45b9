"""What stands while a run goes on: the workload's database, the upstream, the generator, and what servers are told."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.axes import Point, plain
from benchmarks.cpus import CpuLayout
from benchmarks.exceptions import DatabaseError, ServiceDied, StartError
from benchmarks.load.client import Generator, Generators
from benchmarks.plan import Contender, Plan, Workload
from benchmarks.servers.base import SETTINGS_UNDER_TEST
from benchmarks.servers.process import Process, get, start_command, wait_until_ready
from benchmarks.services.cache import CacheService, open_cache
from benchmarks.services.database import WorkloadDatabase, open_workload
from benchmarks.services.knowledge import DEFAULT_DELAY_MS
from benchmarks.verify import Counters, upstream_counter
from benchmarks.wards import Guard

# Variables that would change how a server runs behind the plan's back.
HIDDEN_VARIABLES = {
    *("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "PYTHONTRACEMALLOC"),
    *("ASGI_THREADS", "PSYCOPG_WAIT_FUNC"),
}
HIDDEN_PREFIXES = ("UVICORN_", "GRANIAN_", "GEVENT", "DJANGO_", "CROSSOVER_")
PREPARE_COMMAND = ("manage.py", "seedcatalog", "--migrate")
PREPARE_TIMEOUT_S = 120.0
CONTROL_TIMEOUT_S = 5.0
SETTLE_S = 0.2  # its end may be reported a moment after it was felt


@dataclass
class Stage:
    """The services of a run and the guardian that owns them."""

    plan: Plan
    guard: Guard
    layout: CpuLayout
    database: WorkloadDatabase | None
    upstream: Process | None
    generators: Generators
    cache: CacheService = field(default_factory=CacheService)
    wait_ms: float = DEFAULT_DELAY_MS  # of the upstream's calls

    @property
    def counters(self) -> Counters:
        """What can be counted behind the servers."""
        return Counters(
            statements=self.database.statements if self.database else lambda: None,
            upstream_calls=upstream_counter(self.upstream.port) if self.upstream else lambda: None,
            cache_commands=self.cache.commands,
        )

    def layout_of(self, workload: Workload) -> CpuLayout:
        """Which CPU does what while this workload is played."""
        return self.layout.sharing() if self.plan.shares_cpus(workload) else self.layout

    def environment(self, workload: Workload, contender: Contender, threads: int) -> dict[str, str]:
        """The variables of one contender's server."""
        return {
            **workload_environment(self.database),
            "CROSSOVER_ONLY": f"{workload.scenario}/{contender.variant}",
            "CROSSOVER_MIDDLEWARE": contender.middleware or str(self.plan.middleware),
            "CROSSOVER_POOL_SIZE": str(self.plan.pool_of(workload)),
            "CROSSOVER_THREADS": str(threads),
            "PGAPPNAME": application_name(workload, contender),  # so that its connections can be told apart
            **(self.cache.environment() if "cache" in workload.needs else {}),
            **({"CROSSOVER_UPSTREAM_URL": f"http://127.0.0.1:{self.upstream.port}"} if self.upstream else {}),
        }

    def set_wait(self, workload: Workload, point: Point) -> None:
        """Make the upstream's calls take as long as the workload's wait is at this point. Raises StartError."""
        wait_ms = workload.wait_at(point)
        if self.upstream is None or "upstream" not in workload.needs or wait_ms == self.wait_ms:
            return
        try:
            status, body = get(self.upstream.port, f"/_delay/{plain(wait_ms)}", timeout_s=CONTROL_TIMEOUT_S)
        except (OSError, http.client.HTTPException) as error:
            raise StartError(f"the upstream service does not answer any more: {error}") from error
        if status != 200:
            raise StartError(f"the upstream service does not take a delay of {wait_ms:g} ms: {body[:200]!r}")
        self.wait_ms = wait_ms

    def database_connections(self, workload: Workload, contender: Contender) -> tuple[int | None, int | None]:
        """How many connections a contender has in PostgreSQL, and how many of them are at work at this moment."""
        if self.database is None or "database" not in workload.needs:
            return None, None
        return self.database.connections(application_name(workload, contender))

    def audit(self, workload: Workload) -> list[str]:
        """What must not be and is, each as "what: why"; empty when all adds up.

        The database is one for all contenders: whoever is judged is asked about before, too.
        """
        if self.database is None or not workload.audit:
            return []
        return self.database.audit(workload.audit)

    def check(self) -> None:
        """Raises ServiceDied when one of the services is gone: then no contender is to blame."""
        services = [("the load generator", generator.ward) for generator in self.generators.generators]
        if self.database and self.database.ward:
            services.append(("PostgreSQL", self.database.ward))
        if self.upstream:
            services.append(("the upstream service", self.upstream.ward))
        for name, ward in services:
            if ward.ended.wait(SETTLE_S):
                raise ServiceDied(
                    f"{name} died in the middle of the run ({ward.epitaph()})", hint="start the run again"
                )

    def pids(self, workload: Workload, server: Process) -> dict[str, int]:
        """Whom to watch in a round. Server first: what is sampled first is closest to the window's edge."""
        pids = {"server": server.ward.pid}
        generators = self.generators.generators
        for number, generator in enumerate(generators, start=1):
            pids["generator" if len(generators) == 1 else f"generator {number}"] = generator.ward.pid
        if self.upstream and "upstream" in workload.needs:
            pids["upstream"] = self.upstream.ward.pid
        if self.database and self.database.ward and "database" in workload.needs:
            pids["postgres"] = self.database.ward.pid
        return pids


@contextmanager
def open_stage(plan: Plan, guard: Guard, layout: CpuLayout, say: Callable[[str], None]) -> Iterator[Stage]:
    """Start what the plan's scenarios need; stops all of it on leaving.

    Raises DatabaseError, StartError or LoadError when a service does not come up, UsageError for a URL that is none.
    """
    needs = frozenset[str]().union(*(workload.needs for workload in plan.workloads))
    with ExitStack() as stack:
        if layout.pinned:
            stack.enter_context(_pinned_to(layout.services))  # this process only coordinates, beside the services
        database = upstream = None
        cache = stack.enter_context(open_cache(plan.cache_url if "cache" in needs else None))  # first: it may be absent
        if "database" in needs:
            say(f"starting the database ({plan.database.partition(':')[0]})")
            database = stack.enter_context(open_workload(guard, plan.database, layout.services))
            say("migrating and seeding 10,000 books and 50,000 reviews")
            _prepare(guard, workload_environment(database), layout.services)
        if "upstream" in needs:
            say("starting the upstream service")
            upstream = _start_upstream(plan, guard, layout)
        generators = start_generators(guard, layout, plan.generators)
        yield Stage(plan, guard, layout, database, upstream, stack.enter_context(generators), cache)


def start_generators(guard: Guard, layout: CpuLayout, count: int) -> Generators:
    """Load engines, each pinned to a CPU of its own where there are enough; enter them to connect."""
    started = []
    for number in range(count):
        path = guard.folder / f"generator-{number}.sock"
        cpu = layout.generator[number % len(layout.generator) :][:1] if layout.generator else ()
        argv = (sys.executable, "-m", "benchmarks.load.engine", str(path))
        started.append(Generator(guard.start(f"generator-{number}", argv, env=clean_environment(), cpus=cpu), path))
    return Generators(started)


def application_name(workload: Workload, contender: Contender) -> str:
    """How a contender's connections are called in ``pg_stat_activity``, which keeps 63 bytes."""
    return f"{workload.scenario} {contender}"[:63]


def _start_upstream(plan: Plan, guard: Guard, layout: CpuLayout) -> Process:
    options = ("--fd", "{fd}", "--delay-ms", f"{DEFAULT_DELAY_MS:g}", "--seed", str(plan.seed))
    argv = (sys.executable, "-m", "benchmarks.services.upstream", *options)
    upstream = start_command(guard, "upstream", argv, clean_environment(), layout.services)
    wait_until_ready(upstream)
    return upstream


def _prepare(guard: Guard, env: Mapping[str, str], cpus: tuple[int, ...]) -> None:
    """Migrate and seed in a process of its own, which has Django. Raises DatabaseError with its log."""
    ward = guard.start("prepare", (sys.executable, *PREPARE_COMMAND), env=env, cpus=cpus)
    if not ward.ended.wait(PREPARE_TIMEOUT_S):
        guard.stop(ward)
        raise DatabaseError(f"seeding took longer than {PREPARE_TIMEOUT_S:.0f} s:\n{ward.log_tail()}")
    if ward.returncode != 0:
        raise DatabaseError(f"the database could not be prepared:\n{ward.log_tail()}")


def workload_environment(database: WorkloadDatabase | None) -> dict[str, str]:
    """What every Django process behind the harness is told."""
    return {
        **clean_environment(),
        "DJANGO_SETTINGS_MODULE": SETTINGS_UNDER_TEST,
        "CROSSOVER_SECRET_KEY": "a key for servers that live for one run, on loopback",
        **(database.environment() if database else {}),
    }


def clean_environment() -> dict[str, str]:
    """This process's variables without those that would change a server behind the plan's back."""
    return {
        key: value
        for key, value in os.environ.items()
        if key not in HIDDEN_VARIABLES and not key.startswith(HIDDEN_PREFIXES)
    }


@contextmanager
def _pinned_to(cpus: tuple[int, ...]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
