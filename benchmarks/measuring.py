"""One cell under load: a round, a while of silence, or more than it can do; each with what the server used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from benchmarks.events import Listener, RoundFinished, RoundStarted
from benchmarks.load.specs import LoadSpec, Model, Phase
from benchmarks.plan import Cell, Plan, Workload
from benchmarks.record import CellRecord, IdleRecord, RoundRecord, State
from benchmarks.resources import PhaseWatch, Sampler, Usage, tree_of
from benchmarks.servers.process import OwnAccount, Process, ask_account
from benchmarks.stage import Stage
from benchmarks.stats.gates import flag_round, judge_round, saturated
from benchmarks.stats.overload import assess, profile

IDLE_S = 1.0
COMPLAINTS = 3  # of an audit, that are worth reading
ASKED_BEFORE = 4  # the differences tell what asking itself costs, which for Django is a request
OVERLOAD_TIMEOUT_S = 2.0  # who has waited that long is gone, or sooner where --timeout says so


@dataclass
class Measuring:
    """What is measured of one cell, on the server that is its contender's."""

    stage: Stage
    plan: Plan
    workload: Workload
    cell: Cell
    process: Process
    listener: Listener

    def _spec(self, number: int) -> LoadSpec:
        level, point = self.cell.level, self.cell.point
        window_s = self.plan.window_s(self.workload, point)
        return LoadSpec(
            host="127.0.0.1",
            port=self.process.port,
            prefix=self.workload.prefix(self.cell.contender.variant),
            exchanges=f"{self.workload.scenario} {self.workload.settings} {point}",
            concurrency=level.concurrency,
            warmup_s=self.plan.ramp_s(self.workload, self.cell),
            duration_s=window_s,
            timeout_s=self.plan.timeout_s,
            seed=self.plan.seed * 1000 + number,
            model=self.plan.model,
            phases=() if level.rate_per_s is None else (Phase(level.rate_per_s, window_s),),
            arrivals=self.plan.arrivals,
        )

    def round(self, record: CellRecord, number: int, position: int) -> str:
        """One measured repetition, added to the record; returns why it failed, if it did."""
        entry = RoundRecord(number, position, _now(), State.RUNNING)
        self.listener(RoundStarted(record, number))
        self.stage.set_wait(self.workload, self.cell.point)
        known = {complaint.partition(":")[0] for complaint in self.stage.audit(self.workload)}
        layout = self.stage.layout_of(self.workload)
        sampler = Sampler(
            self.stage.pids(self.workload, self.process),
            "server",
            layout.load_side,
            () if layout.shared else layout.server,
        )
        spec = self._spec(number)
        before = ask_account(self.process, record.workers)

        def end() -> None:
            sampler.end()
            connections = self.stage.database_connections(self.workload, self.cell.contender)
            entry.database_connections, entry.database_connections_busy = connections

        exchanges = self.workload.exchanges_at(self.cell.point)
        entry.load = self.stage.generators.run(spec, exchanges, sampler.begin, end)
        entry.usage, entry.load_side_busy = sampler.usage(entry.load.window_s), sampler.load_side_busy
        entry.others_busy = sampler.others_busy
        entry.steal, entry.tasks_started = sampler.steal, sampler.tasks_started
        if before and (after := ask_account(self.process, record.workers)):
            entry.usage["server"] = _with_account(entry.usage["server"], after.since(before))
        if not self.process.ward.alive:
            entry.state, entry.reason = State.FAILED, f"the server died ({self.process.ward.epitaph()})"
        elif sampler.server_changed:
            entry.state = State.FAILED
            tail = self.process.ward.log_tail()
            entry.reason = f"a process of the server died or was replaced; the log's end:\n{tail}"
        elif complaints := [text for text in self.stage.audit(self.workload) if text.partition(":")[0] not in known]:
            entry.state = State.FAILED
            entry.reason = f"what it did does not add up: {'; '.join(complaints[:COMPLAINTS])}"
        else:
            entry.state, entry.reason = judge_round(record, entry)
        if entry.state is State.FAILED:
            self.stage.check()
        if entry.state is State.OK:
            entry.flags = flag_round(entry)
        record.rounds.append(entry)
        self.listener(RoundFinished(record, entry))
        return entry.reason if entry.state is State.FAILED else ""

    def idle(self, connections: int, workers: int) -> IdleRecord:
        """Near-idle cost: so many connections, open and silent. May run beside others, in a thread of its own."""
        spec = replace(self._spec(0), model=Model.SILENT, concurrency=connections, phases=(), duration_s=IDLE_S)
        sampler = Sampler(self.stage.pids(self.workload, self.process), "server", ())
        accounts: list[OwnAccount | None] = []

        def ask() -> None:
            accounts.append(ask_account(self.process, workers))

        def begin() -> None:
            for _ in range(ASKED_BEFORE):
                ask()
            sampler.begin()

        def end() -> None:
            sampler.end()
            ask()

        with self.stage.generators.beside() as generators:
            result = generators.run(spec, self.workload.exchanges_at(self.cell.point), begin, end)
        cpu_ms_per_s = None
        if all(accounts):
            *asking_s, silent_s = [later.since(former).cpu_s for former, later in pairwise(filter(None, accounts))]
            cpu_ms_per_s = max(0.0, silent_s - median(asking_s)) * 1000 / result.window_s
        return IdleRecord(
            connections=min(result.connections_before, result.connections_after),
            duration_s=result.window_s,
            rss_bytes=sampler.usage(result.window_s)["server"].steady_rss_bytes,
            cpu_ms_per_s=cpu_ms_per_s,
        )

    def overload(self, record: CellRecord) -> None:
        """Goodput at multiples of the capacity its rounds have shown, then the lowest load until it has recovered."""
        capacity_per_s = median(entry.requests_per_s for entry in record.valid_rounds)
        self.stage.set_wait(self.workload, self.cell.point)
        wanted = profile(capacity_per_s)
        timeout_s = min(self.plan.timeout_s, max(OVERLOAD_TIMEOUT_S, 3 * record.wait_ms / 1000))
        spec = replace(
            self._spec(0),
            model=Model.OPEN,
            phases=wanted.phases,
            duration_s=wanted.duration_s,
            concurrency=self.plan.in_flight,
            timeout_s=timeout_s,
            slices=wanted.slices,
            slice_histograms=True,
        )
        before = set(tree_of(self.process.ward.pid))
        load_side = self.stage.layout_of(self.workload).load_side
        watch = PhaseWatch([phase.duration_s for phase in wanted.phases], load_side)
        result = self.stage.generators.run(spec, self.workload.exchanges_at(self.cell.point), watch.begin)
        voids = [saturated({"the load side": busy}) for busy in watch.busy()]
        found = assess(result, capacity_per_s, wanted.phases, timeout_s, voids)
        record.overload = replace(found, died=set(tree_of(self.process.ward.pid)) != before)


def _with_account(usage: Usage, told: OwnAccount) -> Usage:
    return replace(
        usage,
        voluntary_switches=told.voluntary_switches,
        involuntary_switches=told.involuntary_switches,
        own_cpu_s=told.cpu_s,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
