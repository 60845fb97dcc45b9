"""One scenario's contenders against each other: servers side by side, verified, rounds interleaved, stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from benchmarks.axes import Axis, Point, describe_level
from benchmarks.descriptors import room
from benchmarks.events import CellChanged, Listener, Step
from benchmarks.exceptions import StartError, VerificationFailed
from benchmarks.measuring import Measuring
from benchmarks.plan import Cell, Contender, Plan, Workload
from benchmarks.record import CellRecord, Flag, IdleRecord, State
from benchmarks.servers.base import Hosting, Interface, Server
from benchmarks.servers.process import Process, pin, start, wait_for_workers, wait_until_ready
from benchmarks.stage import Stage
from benchmarks.stats.gates import flag_cell, judge_cell
from benchmarks.stats.intervals import LEAST_ROUNDS
from benchmarks.verify import verify

Place = tuple[Contender, Hosting]  # cells with the same one share a server
SILENT_AT_ONCE = 256  # connections


@dataclass
class Contest:
    """Plays one workload of a plan; the cells' records are complete at any moment."""

    stage: Stage
    plan: Plan
    workload: Workload
    servers: Mapping[str, Server]
    listener: Listener
    add: Callable[[CellRecord], None]  # to the run's record
    number: int = 0  # of the workload: a scenario may be in a plan twice
    processes: dict[Place, Process] = field(default_factory=dict)

    def play(self) -> None:
        """Start its contenders, verify them, run their rounds interleaved, stop them."""
        self.records = {cell: self._open_cell(cell) for cell in self.plan.cells(self.workload)}
        try:
            self._start()
            self.listener(Step(f"{self.workload.scenario}: verifying"))
            for cell in self._running():
                self._verify(cell)
            self._play_rounds()
            self._measure_silence()
            if self.plan.overload:
                self._measure_overload()
            for record in self.records.values():
                if record.state is State.RUNNING:
                    self._settle(record, *judge_cell(record))
        finally:
            self.stage.guard.stop_all([process.ward for process in self.processes.values()])

    def _running(self) -> list[Cell]:
        return [cell for cell, record in self.records.items() if record.state is State.RUNNING]

    def _play_rounds(self) -> None:
        """As many as were planned; with patience, more while a cell is unstable."""
        number = 0
        while number < self.plan.rounds or (number < self.plan.rounds + self.plan.patience and self._unsettled()):
            number += 1
            for position, cell in enumerate(self.plan.order(self.workload, number, self._running()), start=1):
                record = self.records[cell]
                if record.state is State.RUNNING:
                    failure = self._measuring(cell).round(record, number, position)
                    if failure:
                        self._settle(record, State.FAILED, f"round {number}: {failure}")
            for cell in self._running():
                self.records[cell].flags = flag_cell(self.records[cell])

    def _unsettled(self) -> bool:
        """Whether a cell's rounds differ so much, or were void so often, that more of them would help."""
        wanting = [
            cell
            for cell in self._running()
            if Flag.UNSTABLE in self.records[cell].flags
            or len(self.records[cell].valid_rounds) < min(LEAST_ROUNDS, self.plan.rounds)
        ]
        if wanting:
            count = f"{len(wanting)} of {len(self._running())} cells are unstable or have void rounds: one more round"
            self.listener(Step(f"{self.workload.scenario}: {count}"))
        return bool(wanting)

    def _measure_silence(self) -> None:
        """Near-idle cost, once for each server and number of connections, of several servers at once."""
        silent: dict[int, dict[Place, Cell]] = {}
        for cell in self._running():
            if self.records[cell].keeps_connections:
                silent.setdefault(self._silent_connections(cell), {}).setdefault(self._place(cell), cell)
        for connections, cells in silent.items():
            self.listener(Step(f"{self.workload.scenario}: {describe_level(connections, None)}, open and silent"))
            together = max(1, min(SILENT_AT_ONCE, room()) // connections)
            places = list(cells)
            found: dict[Place, IdleRecord] = {}
            for first in range(0, len(places), together):
                batch = {place: cells[place] for place in places[first : first + together]}
                found.update(self._silence(connections, batch))
            for cell in self._running():
                if self._silent_connections(cell) == connections:
                    self.records[cell].idle = found.get(self._place(cell))
                    self.listener(CellChanged(self.records[cell]))

    def _silence(self, connections: int, cells: dict[Place, Cell]) -> dict[Place, IdleRecord]:
        """At one wait for all, since the upstream has one."""
        point = next(iter(cells.values())).point
        self.stage.set_wait(self.workload, point)

        def idle(place: Place) -> IdleRecord:
            cell = cells[place]
            return self._measuring(cell, point).idle(connections, self.records[cell].workers)

        with ThreadPoolExecutor(len(cells)) as pool:
            return dict(zip(cells, pool.map(idle, cells), strict=True))

    def _silent_connections(self, cell: Cell) -> int:
        """As many as the cell has; in an open loop, where that is not said, as many as the card's level."""
        return self.workload.concurrency if cell.level.rate_per_s else cell.level.concurrency

    def _measure_overload(self) -> None:
        """Once per server, at its highest level: what more than it can do does to it."""
        highest: dict[Place, Cell] = {}
        for cell in self._running():
            place = self._place(cell)
            if place not in highest or cell.level.concurrency >= highest[place].level.concurrency:
                highest[place] = cell
        for cell in highest.values():
            if self.records[cell].valid_rounds:
                self.listener(Step(f"{self.workload.scenario}: {cell.contender} beyond its capacity"))
                self._measuring(cell).overload(self.records[cell])
                self.listener(CellChanged(self.records[cell]))

    def _measuring(self, cell: Cell, point: Point | None = None) -> Measuring:
        """At the cell's own point unless told otherwise."""
        process = self.processes[self._place(cell)]
        cell = replace(cell, point=point or cell.point)
        return Measuring(self.stage, self.plan, self.workload, cell, process, self.listener)

    def hosting(self, server: Server, point: Point) -> Hosting:
        """The same for all contenders of a scenario, but for what a sweep varies and the server can set."""
        workers = (point.on(Axis.WORKERS) or self.plan.workers) if Axis.WORKERS in server.settable else None
        threads_at = point if Axis.THREADS in server.settable else self.plan.points(self.workload)[0]
        return Hosting(
            cores=len(self.stage.layout_of(self.workload).server) or 1,
            threads=self.plan.threads_at(self.workload, threads_at),
            python=sys.executable,
            workers=int(workers) if workers else None,
        )

    def _place(self, cell: Cell) -> Place:
        return cell.contender, self.hosting(self.servers[cell.contender.server], cell.point)

    def _open_cell(self, cell: Cell) -> CellRecord:
        server = self.servers[cell.contender.server]
        hosting = self.hosting(server, cell.point)
        record = CellRecord(
            scenario=cell.scenario,
            contender=str(cell.contender),
            concurrency=cell.level.concurrency,
            rate_per_s=cell.level.rate_per_s,
            sweep_axis=str(cell.point.axis or ""),
            sweep_value=cell.point.value,
            middleware=cell.contender.middleware or str(self.plan.middleware),
            workers=server.workers(hosting),
            threads=server.threads(hosting),
            cannot=list(server.cannot),
            wait_ms=self.workload.least_ms(cell.contender.variant, cell.point),
            slots=self._slots(server, hosting),
            hops=self._hops(server, cell.contender.variant),
        )
        self.add(record)
        excuse = self.workload.excused.get(str(cell.contender), "")
        self._settle(record, State.EXCUSED if excuse else State.RUNNING, excuse)
        return record

    def _hops(self, server: Server, variant: str) -> int:
        """How often a view leaves the event loop; never where it does not run on one."""
        if server.interface is not Interface.ASGI:
            return 0
        own = self.workload.fastlane_hops if server.fastlane else {}
        return own.get(variant, self.workload.hops.get(variant, 0))

    def _slots(self, server: Server, hosting: Hosting) -> int | None:
        """How many requests it serves at once; a wait that holds a database connection is bounded by the pools too."""
        slots = server.slots(hosting)
        if not self.workload.wait_holds_connection:
            return slots
        pooled = self.plan.pool_of(self.workload) * server.workers(hosting)
        return pooled if slots is None else min(slots, pooled)

    def _settle(self, record: CellRecord, state: State, reason: str) -> None:
        record.state, record.reason = state, reason
        if state is State.OK:
            record.flags = flag_cell(record)
        self.listener(CellChanged(record))

    def _start(self) -> None:
        """All servers started before the first is waited for; a failure is its own cells'."""
        cells: dict[Place, list[CellRecord]] = {}
        for cell in self._running():
            cells.setdefault(self._place(cell), []).append(self.records[cell])
        self.listener(Step(f"{self.workload.scenario}: starting {len(cells)} server{'s' * (len(cells) != 1)}"))
        for place, own in cells.items():
            with self._failing(own):
                self.processes[place] = self._launch(place, len(self.processes))
        for place, process in self.processes.items():
            with self._failing(cells[place]):
                wait_until_ready(process, partial(self._say_slow, place[0]))
                wait_for_workers(process, self.servers[place[0].server].workers(place[1]))
                pin(process, self.stage.layout_of(self.workload).server)
            for record in cells[place]:
                record.command = list(process.ward.argv)

    def _launch(self, place: Place, number: int) -> Process:
        contender, hosting = place
        env = self.stage.environment(self.workload, contender, hosting.threads)
        name = f"{self.workload.scenario}-{self.number}-{number}-{contender}"
        return start(self.stage.guard, name, self.servers[contender.server], hosting, env)

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

    def _verify(self, cell: Cell) -> None:
        record, process = self.records[cell], self.processes[self._place(cell)]
        self.stage.set_wait(self.workload, cell.point)
        try:
            record.verified = verify(
                self.workload, cell, process.port, self.stage.counters, self.plan.seed, primers=record.workers
            )
            self.listener(CellChanged(record))
        except VerificationFailed as error:
            self.stage.check()
            self._settle(record, State.FAILED, f"it does not do the work its card declares: {error}")
