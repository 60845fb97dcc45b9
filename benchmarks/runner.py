"""A run from its plan to its record: real servers side by side, rounds interleaved, everything stopped at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from benchmarks import environment
from benchmarks.cpus import CpuLayout, available_cpus, lay_out
from benchmarks.descriptors import check_descriptors, hint_for
from benchmarks.events import CellChanged, Listener, RoundFinished, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.exceptions import CrossoverError, GuardianLost, LoadError, StartError, VerificationFailed
from benchmarks.load.specs import LoadSpec
from benchmarks.plan import Cell, Contender, Plan, Workload
from benchmarks.record import CellRecord, RoundRecord, RunRecord, ScenarioRecord, State
from benchmarks.resources import Sampler
from benchmarks.servers import load_servers
from benchmarks.servers.base import Hosting, Server
from benchmarks.servers.process import Process, pin, start, wait_until_ready
from benchmarks.stage import Stage, open_stage
from benchmarks.stats.gates import judge_cell, judge_round
from benchmarks.verify import verify
from benchmarks.wards import Guard

Processes = dict[Contender, Process]


@dataclass
class Runner:
    """Carries out one plan. ``record`` is complete at any moment; ``listener`` hears of every change."""

    plan: Plan
    listener: Listener
    servers: Mapping[str, Server] = field(default_factory=load_servers)

    def __post_init__(self) -> None:
        self.layout: CpuLayout = lay_out(available_cpus())
        self.record = RunRecord(
            started_at=_now(),
            seed=self.plan.seed,
            options={**self.plan.options(), "cpus": self.layout.describe()},
            scenarios=[
                ScenarioRecord(item.scenario, item.title, item.question, item.baseline) for item in self.plan.workloads
            ],
        )

    def hosting(self, workload: Workload) -> Hosting:
        """The same for all contenders of a scenario."""
        levels = self.plan.levels(workload)
        return Hosting(cores=len(self.layout.server) or 1, connections=max(levels), python=sys.executable)

    def run(self) -> RunRecord:
        """Do it all. Raises CrossoverError when the run cannot go on, KeyboardInterrupt when it was interrupted;
        the record then says so and keeps what was measured."""
        began_s = time.monotonic()
        check_descriptors(max(max(self.plan.levels(workload)) for workload in self.plan.workloads))
        self.record.environment = environment.describe()
        rounds = sum(len(self.plan.runnable(workload)) for workload in self.plan.workloads) * self.plan.rounds
        self.listener(RunStarted(self.record, rounds))
        try:
            with Guard() as guard:
                try:
                    self._play_guarded(guard)
                except BaseException as error:
                    self._close(error, began_s)  # before the guard cleans up: a second Ctrl-C may cut that short
                    raise
        except OSError as error:
            self._close(error, began_s)
            raise CrossoverError(f"the run cannot go on: {error}", hint=hint_for(error)) from error
        except BaseException as error:
            self._close(error, began_s)
            raise
        self._close(None, began_s)
        return self.record

    def _close(self, error: BaseException | None, began_s: float) -> None:
        """Bring the record to its end, once."""
        record = self.record
        if record.state is not State.RUNNING:
            return
        record.finished_at, record.wall_s = _now(), time.monotonic() - began_s
        if error is not None:
            record.state = State.FAILED if isinstance(error, Exception) else State.ABORTED
            record.reason = (isinstance(error, Exception) and str(error)) or "interrupted"
        elif any(cell.state is State.FAILED for cell in record.cells):
            record.state, record.reason = State.FAILED, "at least one cell failed"
        else:
            record.state = State.OK
        for cell in record.cells:
            if cell.state is State.RUNNING:
                reason = f"the run ended after {len(cell.rounds)} of {self.plan.rounds} rounds"
                self._settle(cell, State.ABORTED, reason)
        self.listener(RunFinished(record))

    def _play_guarded(self, guard: Guard) -> None:
        try:
            self._play(guard)
        except CrossoverError as error:
            if guard.lost:  # whatever else failed, failed because of that
                raise GuardianLost("the guardian process ended", hint="start the run again") from error
            raise

    def _play(self, guard: Guard) -> None:
        with open_stage(self.plan, guard, self.layout, lambda text: self.listener(Step(text))) as stage:
            if stage.database:
                self.record.options["database"] = stage.database.description
                self.record.notes += stage.database.notes
            try:
                for workload in self.plan.workloads:
                    self._scenario(stage, workload)
            except LoadError:
                stage.check()  # names the service that died, if it was one
                raise
            self.listener(Step("stopping the services"))

    def _scenario(self, stage: Stage, workload: Workload) -> None:
        """Start its contenders, verify them, run their rounds interleaved, stop them."""
        records = {cell: self._open_cell(workload, cell) for cell in self.plan.cells(workload)}
        processes: Processes = {}
        try:
            self._start(stage, workload, records, processes)
            self.listener(Step(f"{workload.scenario}: verifying"))
            for cell, record in records.items():
                if record.state is State.RUNNING:
                    self._verify(stage, workload, cell, record, processes[cell.contender])
            runnable = [cell for cell, record in records.items() if record.state is State.RUNNING]
            for number, position, cell in self.plan.schedule(workload, runnable):
                if records[cell].state is State.RUNNING:
                    entry = RoundRecord(number, position, _now(), State.RUNNING)
                    self._round(stage, workload, cell, records[cell], entry, processes[cell.contender])
            for record in records.values():
                if record.state is State.RUNNING:
                    self._settle(record, *judge_cell(record))
        finally:
            stage.guard.stop_all([process.ward for process in processes.values()])

    def _open_cell(self, workload: Workload, cell: Cell) -> CellRecord:
        server, hosting = self.servers[cell.contender.server], self.hosting(workload)
        record = CellRecord(
            scenario=cell.scenario,
            contender=str(cell.contender),
            concurrency=cell.concurrency,
            middleware=cell.contender.middleware or str(self.plan.middleware),
            workers=server.workers(hosting),
            threads=server.threads(hosting),
            cannot=list(server.cannot),
            wait_ms=workload.wait_ms.get(cell.contender.variant, 0.0),
            slots=server.slots(hosting),
        )
        self.record.cells.append(record)
        excuse = workload.excused.get(str(cell.contender), "")
        self._settle(record, State.EXCUSED if excuse else State.RUNNING, excuse)
        return record

    def _settle(self, record: CellRecord, state: State, reason: str) -> None:
        record.state, record.reason = state, reason
        self.listener(CellChanged(record))

    def _start(
        self, stage: Stage, workload: Workload, records: Mapping[Cell, CellRecord], processes: Processes
    ) -> None:
        """One server per contender, all started before the first is waited for; a failure is its own cells'."""
        cells: dict[Contender, list[CellRecord]] = {}
        for cell, record in records.items():
            if record.state is State.RUNNING:
                cells.setdefault(cell.contender, []).append(record)
        self.listener(Step(f"{workload.scenario}: starting {len(cells)} servers"))
        for contender, own in cells.items():
            with self._failing(own):
                processes[contender] = self._launch(stage, workload, contender)
        for contender, process in processes.items():
            with self._failing(cells[contender]):
                wait_until_ready(process, partial(self._say_slow, contender))
                pin(process, self.layout.server)
            for record in cells[contender]:
                record.command = list(process.ward.argv)

    def _launch(self, stage: Stage, workload: Workload, contender: Contender) -> Process:
        hosting = self.hosting(workload)
        env = stage.environment(workload, contender, hosting.connections)
        name = f"{workload.scenario}-{contender}"
        return start(stage.guard, name, self.servers[contender.server], hosting, env)

    @contextmanager
    def _failing(self, records: list[CellRecord]) -> Iterator[None]:
        """A server that does not come up fails its cells; the others are measured all the same."""
        try:
            yield
        except StartError as error:
            reason = f"{error}\n{error.hint}" if error.hint else str(error)
            for record in records:
                self._settle(record, State.FAILED, reason)

    def _say_slow(self, contender: Contender, waited_s: float) -> None:
        self.listener(Step(f"still waiting for {contender} to answer ({waited_s:.0f} s)"))

    def _verify(self, stage: Stage, workload: Workload, cell: Cell, record: CellRecord, process: Process) -> None:
        try:
            record.verified = verify(
                workload, cell.contender.variant, process.port, stage.counters, self.plan.seed, primers=record.workers
            )
            self.listener(CellChanged(record))
        except VerificationFailed as error:
            stage.check()
            self._settle(record, State.FAILED, f"it does not do the work its card declares: {error}")

    def _round(
        self, stage: Stage, workload: Workload, cell: Cell, record: CellRecord, entry: RoundRecord, process: Process
    ) -> None:
        self.listener(RoundStarted(record, entry.number))
        sampler = Sampler(stage.pids(process), "server", self.layout.load_side)
        spec = LoadSpec(
            host="127.0.0.1",
            port=process.port,
            prefix=workload.prefix(cell.contender.variant),
            exchanges=workload.exchanges,
            concurrency=cell.concurrency,
            warmup_s=self.plan.warmup_s,
            duration_s=self.plan.duration_s,
            timeout_s=self.plan.timeout_s,
            seed=self.plan.seed * 1000 + entry.number,
        )
        entry.load = stage.generator.run(spec, sampler.begin, sampler.end)
        entry.usage, entry.load_side_busy = sampler.usage(), sampler.load_side_busy
        if not process.ward.alive:
            entry.state, entry.reason = State.FAILED, f"the server died ({process.ward.epitaph()})"
        elif sampler.server_changed:
            entry.state = State.FAILED
            entry.reason = f"a process of the server died or was replaced; the log's end:\n{process.ward.log_tail()}"
        else:
            entry.state, entry.reason = judge_round(record, entry)
        if entry.state is State.FAILED:
            stage.check()
        record.rounds.append(entry)
        self.listener(RoundFinished(record, entry))
        if entry.state is State.FAILED:
            self._settle(record, State.FAILED, f"round {entry.number}: {entry.reason}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
