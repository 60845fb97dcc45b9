"""Runs as their plans would leave them, for the tests of what reads them."""

from __future__ import annotations

from benchmarks.load.specs import Exchange
from benchmarks.plan import Plan
from benchmarks.record import RoundRecord, RunRecord, State
from benchmarks.runner import Runner
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import cell_record, load_result, round_record


def rounds_of(exchanges: tuple[Exchange, ...]) -> list[RoundRecord]:
    """Five valid rounds of 1,000 answers, with a histogram for each group there is."""
    counts = dict(Histogram.of_seconds([0.010] * 500).counts)
    load = load_result(1000, groups=dict.fromkeys({one.group for one in exchanges} - {""}, counts))
    return [round_record(number, load) for number in range(1, 6)]


def carried_out(plan: Plan) -> RunRecord:
    """What a run of the plan would leave, had every cell been measured and all been alike."""
    run = Runner(plan, lambda event: None).record
    for workload in plan.workloads:
        for cell in plan.cells(workload):
            excuse = workload.excused.get(str(cell.contender), "")
            made = cell_record(
                str(cell.contender),
                scenario=cell.scenario,
                concurrency=cell.level.concurrency,
                sweep_axis=str(cell.point.axis),
                sweep_value=cell.point.value,
                threads=plan.threads_at(workload, cell.point),
                wait_ms=workload.least_ms(cell.contender.variant, cell.point),
                rounds=[] if excuse else rounds_of(workload.exchanges_at(cell.point)),
                state=State.EXCUSED if excuse else State.OK,
                reason=excuse,
                verified=["8 randomised answers", "32 statements for them"],
            )
            run.cells.append(made)
    run.state = State.OK
    return run
