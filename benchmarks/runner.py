"""A run from its plan to its record: real servers side by side, rounds interleaved, everything stopped at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks import environment
from benchmarks.cpus import CpuLayout, available_cpus, lay_out
from benchmarks.events import CellChanged, Listener, RoundFinished, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.exceptions import CrossoverError, DatabaseError, StartError, UsageError, VerificationFailed
from benchmarks.load.client import Generator
from benchmarks.load.specs import LoadSpec
from benchmarks.plan import Cell, Middleware, Plan, Workload
from benchmarks.record import CellRecord, RoundRecord, RunRecord, ScenarioRecord, State
from benchmarks.resources import Sampler
from benchmarks.servers import load_servers
from benchmarks.servers.base import SETTINGS_UNDER_TEST, Hosting, Server
from benchmarks.servers.process import Process, start, start_command, wait_until_ready
from benchmarks.services.database import WorkloadDatabase, open_workload
from benchmarks.stats.ceiling import ceiling_per_s
from benchmarks.stats.gates import above_ceiling, saturated, too_many_errors
from benchmarks.verify import Counters, upstream_counter, verify
from benchmarks.wards import Guard, Ward

# Variables that would change how a server runs behind the plan's back.
HIDDEN_VARIABLES = {"WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "PYTHONTRACEMALLOC"}
HIDDEN_PREFIXES = ("UVICORN_", "DJANGO_", "CROSSOVER_")
PREPARE_COMMAND = ("manage.py", "seedcatalog", "--migrate")
PREPARE_TIMEOUT_S = 120.0
DESCRIPTORS_PER_CONNECTION, DESCRIPTORS_SPARE = 1, 64


@dataclass
class Stage:
    """What stands while a run goes on."""

    guard: Guard
    database: WorkloadDatabase | None
    upstream: Process | None
    generator: Generator
    counters: Counters


@dataclass
class Runner:
    """Carries out one plan. ``record`` is complete at any moment; ``listener`` hears of every change."""

    plan: Plan
    listener: Listener
    servers: Mapping[str, Server] = field(default_factory=load_servers)

    def __post_init__(self) -> None:
        self.layout: CpuLayout = lay_out(available_cpus())
        self.hosting = Hosting(
            cores=len(self.layout.server) or 1, connections=max(self.plan.concurrencies), python=sys.executable
        )
        self.record = RunRecord(
            started_at=_now(),
            seed=self.plan.seed,
            options=self._options(),
            scenarios=[
                ScenarioRecord(item.scenario, item.title, item.question, item.baseline) for item in self.plan.workloads
            ],
        )

    def _options(self) -> dict[str, object]:
        plan = self.plan
        return {
            "contenders": [str(contender) for contender in plan.contenders],
            "concurrencies": list(plan.concurrencies),
            "duration_s": plan.duration_s,
            "warmup_s": plan.warmup_s,
            "rounds": plan.rounds,
            "middleware": str(plan.middleware),
            "pool_size": plan.pool_size,
            "timeout_s": plan.timeout_s,
            "delay_ms": plan.delay_ms,
            "load": "closed loop",
            "cpus": self.layout.describe(),
        }

    def run(self) -> RunRecord:
        """Do it all. Raises CrossoverError when the run cannot go on, KeyboardInterrupt when it was interrupted;
        the record then says so and keeps what was measured."""
        began_s = time.monotonic()
        check_descriptors(max(self.plan.concurrencies))
        self.record.environment = environment.describe()
        rounds = sum(len(self.plan.runnable(workload)) for workload in self.plan.workloads) * self.plan.rounds
        self.listener(RunStarted(self.record, rounds))
        try:
            with Guard() as guard:
                try:
                    self._play(guard)
                except BaseException as error:
                    self._close_record(error, began_s)  # before the guard cleans up: a second Ctrl-C may cut that short
                    raise
        except OSError as error:
            self._close_record(error, began_s)
            raise CrossoverError(f"the run cannot go on: {error}", hint=_hint_for(error)) from error
        self._close_record(None, began_s)
        return self.record

    def _close_record(self, error: BaseException | None, began_s: float) -> None:
        record = self.record
        if record.state is not State.RUNNING:
            return
        record.finished_at, record.wall_s = _now(), time.monotonic() - began_s
        record.reason = "" if error is None else str(error) or "interrupted"
        if error is not None:
            record.state = State.FAILED if isinstance(error, Exception) else State.ABORTED
        elif any(cell.state is State.FAILED for cell in record.cells):
            record.state = State.FAILED
            record.reason = "at least one cell failed"
        else:
            record.state = State.OK
        for cell in record.cells:
            if cell.state is State.RUNNING:
                cell.state, cell.reason = State.ABORTED, f"the run ended after {len(cell.rounds)} of its rounds"
                self.listener(CellChanged(cell))
        self.listener(RunFinished(record))

    def _play(self, guard: Guard) -> None:
        with ExitStack() as stack:
            if self.layout.pinned:
                stack.enter_context(_pinned_to(self.layout.services))
            stage = self._set_up(stack, guard)
            for workload in self.plan.workloads:
                self._scenario(stage, workload)
            self.listener(Step("stopping the services"))

    def _set_up(self, stack: ExitStack, guard: Guard) -> Stage:
        needs = frozenset[str]().union(*(workload.needs for workload in self.plan.workloads))
        services, database, upstream = self.layout.services, None, None
        if "database" in needs:
            self.listener(Step(f"starting the database ({self.plan.database.partition(':')[0]})"))
            database = stack.enter_context(open_workload(guard, self.plan.database, services))
            self.record.options["database"] = database.description
            if database.kind == "sqlite":
                self.record.notes.append("SQLite: figures are not representative, statements are not counted")
            self.listener(Step("migrating and seeding 10,000 books and 50,000 reviews"))
            prepare(guard, self._environment(database, None, ""), services)
        if "upstream" in needs:
            self.listener(Step("starting the upstream service"))
            upstream = start_command(
                guard,
                "upstream",
                (
                    *(sys.executable, "-m", "benchmarks.services.upstream", "--fd", "{fd}"),
                    *("--delay-ms", f"{self.plan.delay_ms:g}", "--seed", str(self.plan.seed)),
                ),
                _clean_environment(),
                services,
            )
            wait_until_ready(upstream)
        socket_path = guard.folder / "generator.sock"
        generator_ward = guard.start(
            "generator",
            (sys.executable, "-m", "benchmarks.load.engine", str(socket_path)),
            env=_clean_environment(),
            cpus=self.layout.generator,
        )
        return Stage(
            guard=guard,
            database=database,
            upstream=upstream,
            generator=stack.enter_context(Generator(generator_ward, socket_path)),
            counters=Counters(
                statements=database.statements if database else lambda: None,
                upstream_calls=upstream_counter(upstream.port) if upstream else lambda: None,
            ),
        )

    def _environment(self, database: WorkloadDatabase | None, upstream: Process | None, middleware: str) -> dict[str, str]:
        return {
            **_clean_environment(),
            "DJANGO_SETTINGS_MODULE": SETTINGS_UNDER_TEST,
            "CROSSOVER_SECRET_KEY": "a key for servers that live for one run, on loopback",
            "CROSSOVER_MIDDLEWARE": middleware or str(self.plan.middleware),
            "CROSSOVER_POOL_SIZE": str(self.plan.pool_size),
            "CROSSOVER_THREADS": str(self.hosting.connections),
            **({"CROSSOVER_UPSTREAM_URL": f"http://127.0.0.1:{upstream.port}"} if upstream else {}),
            **(database.environment() if database else {}),
        }

    def _scenario(self, stage: Stage, workload: Workload) -> None:
        """Start its contenders, verify them, run their rounds interleaved, stop them."""
        records = {cell: self._open_cell(workload, cell) for cell in self.plan.cells(workload)}
        processes = self._start_contenders(stage, workload, records)
        try:
            for cell, record in records.items():
                if record.state is State.RUNNING:
                    self._verify(stage, workload, cell, record, processes[cell.contender])
            runnable = [cell for cell, record in records.items() if record.state is State.RUNNING]
            for number, position, cell in self.plan.schedule(workload, runnable):
                if records[cell].state is State.RUNNING:
                    self._round(stage, workload, cell, records[cell], processes[cell.contender], number, position)
            for record in records.values():
                self._conclude(record)
        finally:
            stage.guard.stop_all([process.ward for process in processes.values()])

    def _open_cell(self, workload: Workload, cell: Cell) -> CellRecord:
        server = self.servers[cell.contender.server]
        record = CellRecord(
            scenario=cell.scenario,
            contender=str(cell.contender),
            concurrency=cell.concurrency,
            middleware=cell.contender.middleware or str(self.plan.middleware),
            workers=server.workers(self.hosting),
            threads=server.threads(self.hosting),
            cannot=list(server.cannot),
            wait_ms=workload.wait_ms.get(cell.contender.variant, 0.0),
            slots=server.slots(self.hosting),
        )
        if reason := workload.excused.get(cell.contender.variant, ""):
            record.state, record.reason = State.EXCUSED, reason
        self.record.cells.append(record)
        self.listener(CellChanged(record))
        return record

    def _start_contenders(
        self, stage: Stage, workload: Workload, records: Mapping[Cell, CellRecord]
    ) -> dict[object, Process]:
        """One server per contender, started together; one that does not come up fails its cells only."""
        processes: dict[object, Process] = {}
        self.listener(Step(f"{workload.scenario}: starting {len(self.plan.contenders)} servers"))
        waiting: dict[object, list[CellRecord]] = {}
        for cell, record in records.items():
            if record.state is State.RUNNING:
                waiting.setdefault(cell.contender, []).append(record)
        for contender in self.plan.contenders:
            if contender not in waiting:
                continue
            name = f"{workload.scenario}-{contender}"
            env = self._environment(stage.database, stage.upstream, contender.middleware)
            server = self.servers[contender.server]
            try:
                processes[contender] = start(stage.guard, name, server, self.hosting, env, self.layout.server)
            except StartError as error:
                self._fail(waiting.pop(contender), error)
        for contender, cells in waiting.items():
            try:
                process = processes[contender]
                wait_until_ready(process, lambda waited_s, name=contender: self._say_slow(name, waited_s))  # type: ignore[misc]
                for record in cells:
                    record.command = list(process.ward.argv)
            except StartError as error:
                self._fail(cells, error)
        return processes

    def _say_slow(self, contender: object, waited_s: float) -> None:
        self.listener(Step(f"still waiting for {contender} to answer ({waited_s:.0f} s)"))

    def _fail(self, cells: list[CellRecord], error: CrossoverError) -> None:
        for record in cells:
            record.state, record.reason = State.FAILED, str(error)
            self.listener(CellChanged(record))

    def _verify(self, stage: Stage, workload: Workload, cell: Cell, record: CellRecord, process: Process) -> None:
        variant = cell.contender.variant
        try:
            record.verified = verify(
                workload, variant, process.port, stage.counters, self.plan.seed, primers=2 * record.workers
            )
            self.listener(CellChanged(record))
        except VerificationFailed as error:
            self._fail([record], error)

    def _round(
        self,
        stage: Stage,
        workload: Workload,
        cell: Cell,
        record: CellRecord,
        process: Process,
        number: int,
        position: int,
    ) -> None:
        self.listener(RoundStarted(record, number))
        entry = RoundRecord(number, position, _now(), State.RUNNING)
        sampler = Sampler(_pids(stage, process), "server", self.layout.load_side)
        spec = LoadSpec(
            host="127.0.0.1",
            port=process.port,
            prefix=workload.prefix(cell.contender.variant),
            exchanges=workload.exchanges,
            concurrency=cell.concurrency,
            warmup_s=self.plan.warmup_s,
            duration_s=self.plan.duration_s,
            timeout_s=self.plan.timeout_s,
            seed=self.plan.seed * 1000 + number,
        )
        entry.load = stage.generator.run(spec, sampler.begin, sampler.end)
        entry.usage, entry.load_side_busy = sampler.usage(), sampler.load_side_busy
        self._judge(record, entry, process.ward)
        record.rounds.append(entry)
        self.listener(RoundFinished(record, entry))
        if entry.state is State.FAILED:
            record.state, record.reason = State.FAILED, f"round {number}: {entry.reason}"
            self.listener(CellChanged(record))

    def _judge(self, record: CellRecord, entry: RoundRecord, ward: Ward) -> None:
        """Failed when its answers were wrong, void when the instrument must not be believed, else ok."""
        load = entry.load
        assert load is not None
        slots = min(record.concurrency, record.slots or record.concurrency)
        ceiling = ceiling_per_s(slots, record.wait_ms / 1000, load.window_s)
        busy: dict[str, float | None] = {
            name: usage.cpu_s / load.window_s for name, usage in entry.usage.items() if name != "server"
        }
        if not ward.alive:
            entry.state = State.FAILED
            entry.reason = f"the server died with code {ward.returncode}; its last log lines:\n{ward.log_tail()}"
        elif reason := too_many_errors(load.succeeded, load.errors):
            entry.state, entry.reason = State.FAILED, reason
        elif not load.succeeded:
            entry.state, entry.reason = State.FAILED, f"no answer within the window of {load.window_s:.1f} s"
        elif reason := saturated({"the load side": entry.load_side_busy, **busy}) or above_ceiling(
            entry.requests_per_s, ceiling
        ):
            entry.state, entry.reason = State.VOID, reason
        else:
            entry.state = State.OK
            if not load.warmed_up:
                entry.reason = "warm-up was cut short: some connections had no answer before the window began"

    def _conclude(self, record: CellRecord) -> None:
        if record.state is State.RUNNING:
            void = [entry for entry in record.rounds if entry.state is State.VOID]
            if len(void) == len(record.rounds):
                record.state, record.reason = State.VOID, void[0].reason if void else "no rounds"
            else:
                record.state = State.OK
                if void:
                    record.reason = f"{len(void)} of {len(record.rounds)} rounds void: {void[0].reason}"
            self.listener(CellChanged(record))


def prepare(guard: Guard, env: Mapping[str, str], cpus: tuple[int, ...]) -> None:
    """Migrate and seed the workload's database in a process of its own. Raises DatabaseError with its log."""
    ward = guard.start("prepare", (sys.executable, *PREPARE_COMMAND), env=env, cpus=cpus)
    if not ward.ended.wait(PREPARE_TIMEOUT_S):
        guard.stop(ward)
        raise DatabaseError(f"seeding took longer than {PREPARE_TIMEOUT_S:.0f} s:\n{ward.log_tail()}")
    if ward.returncode != 0:
        raise DatabaseError(f"the database could not be prepared:\n{ward.log_tail()}")


def check_descriptors(connections: int) -> None:
    """Raise the soft limit of open files as far as allowed. Raises UsageError when it is too low for the load."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections * DESCRIPTORS_PER_CONNECTION + DESCRIPTORS_SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise UsageError(
            f"{connections} connections need {needed} open files, but the limit is {hard}",
            hint=f"at most --concurrency {hard - DESCRIPTORS_SPARE} fits; or raise the limit with: ulimit -n {needed}"
            if hard > DESCRIPTORS_SPARE
            else f"raise the limit with: ulimit -n {needed}",
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@contextmanager
def _pinned_to(cpus: tuple[int, ...]) -> Iterator[None]:
    """This process only coordinates, and does so where the services are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _pids(stage: Stage, process: Process) -> dict[str, int]:
    """Server first: what is sampled first is closest to the window's edge."""
    pids = {"server": process.ward.pid, "generator": stage.generator.ward.pid}
    if stage.upstream:
        pids["upstream"] = stage.upstream.ward.pid
    if stage.database and stage.database.ward:
        pids["postgres"] = stage.database.ward.pid
    return pids


def _clean_environment() -> dict[str, str]:
    return {
        key: value
        for key, value in os.environ.items()
        if key not in HIDDEN_VARIABLES and not key.startswith(HIDDEN_PREFIXES)
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _hint_for(error: OSError) -> str:
    import errno

    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "no file descriptors are left: raise the limit with ulimit -n, or lower --concurrency"
    if error.errno == errno.ENOSPC:
        return "the disk is full: free some space in the temporary folder"
    return ""
