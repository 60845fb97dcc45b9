"""A run from its plan to its record: the stage is set, every scenario's contest played, everything stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks import environment
from benchmarks.contest import Contest
from benchmarks.cpus import CpuLayout, available_cpus, lay_out
from benchmarks.descriptors import check_connections, hint_for
from benchmarks.events import CellChanged, Listener, RunFinished, RunStarted, Step
from benchmarks.exceptions import CrossoverError, GuardianLost, LoadError
from benchmarks.plan import Plan, Workload
from benchmarks.record import RunRecord, ScenarioRecord, State
from benchmarks.servers import load_servers
from benchmarks.servers.base import Server
from benchmarks.stage import open_stage
from benchmarks.stats.gates import busy_before
from benchmarks.wards import Guard


@dataclass
class Runner:
    """Carries out one plan. ``record`` is complete at any moment; ``listener`` hears of every change."""

    plan: Plan
    listener: Listener
    servers: Mapping[str, Server] = field(default_factory=load_servers)

    def __post_init__(self) -> None:
        self.layout: CpuLayout = lay_out(available_cpus(), generators=self.plan.generators)
        self.record = RunRecord(
            started_at=_now(),
            seed=self.plan.seed,
            options={**self.plan.options(), "cpus": self.layout.describe()},
            scenarios=list({item.scenario: _scenario_record(item) for item in self.plan.workloads}.values()),
        )

    def run(self) -> RunRecord:
        """Do it all. Raises CrossoverError when the run cannot go on, KeyboardInterrupt when it was interrupted;
        the record then says so and keeps what was measured."""
        began_s = time.monotonic()
        for workload in self.plan.workloads:
            check_connections(self.plan.most_connections(workload), workload.calls)
        self.record.environment = environment.describe()
        if reason := busy_before(self.record.environment["busy_before"]):
            self.record.notes.append(reason)
        if not self.layout.pinned:
            self.record.notes.append(self.layout.describe())
        else:
            sharing = [self.plan.name_of(item) for item in self.plan.workloads if self.plan.shares_cpus(item)]
            self.record.notes += [f"{name}: {self.layout.sharing().describe()}" for name in sharing]
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
                cell.state = State.ABORTED
                done = f"after {len(cell.rounds)} of {self.plan.rounds} rounds"
                beyond = "after all rounds, before what follows them"
                cell.reason = f"the run ended {done if len(cell.rounds) < self.plan.rounds else beyond}"
                self.listener(CellChanged(cell))
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
            for name in dict.fromkeys(item.scenario for item in self.plan.workloads if "cache" in item.needs):
                self.record.options["cache"] = stage.cache.description
                self.record.notes.append(f"{name}: its cache is {stage.cache.description}")
            try:
                for number, workload in enumerate(self.plan.workloads):
                    add = self.record.cells.append
                    Contest(stage, self.plan, workload, self.servers, self.listener, add, number).play()
            except LoadError:
                stage.check()  # names the service that died, if it was one
                raise
            self.listener(Step("stopping the services"))


def _scenario_record(workload: Workload) -> ScenarioRecord:
    return ScenarioRecord(
        name=workload.scenario,
        title=workload.title,
        question=workload.question,
        baseline=workload.baseline,
        claims=list(workload.claims),
        settings=dict(workload.settings),
        cost_per=workload.cost_per,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
