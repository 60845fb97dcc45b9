"""Proof of the whole harness: contenders that are the same must not differ, and one that is slower must."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from benchmarks.axes import Point
from benchmarks.instrument import COMMAND, CONNECTIONS, EXPECTED, Check
from benchmarks.load.specs import Exchange
from benchmarks.plan import Contender, Middleware, Plan, Workload
from benchmarks.record import RunRecord
from benchmarks.runner import Runner
from benchmarks.servers import load_servers
from benchmarks.servers.base import Interface, Server
from benchmarks.stats.intervals import Ratio
from benchmarks.stats.summary import CellSummary, summarise

SAME, AGAIN, SLOWER = "10ms@delays", "10ms-again@delays", "11ms@delays"


def check_comparing(say: Callable[[str], None]) -> Iterator[Check]:
    """The whole harness on three contenders, two of which are the same, and one a tenth slower."""
    say("comparing 10 ms with 10 ms and with 11 ms, all of the harness")
    record = compare_known_delays()
    rows = {row.cell.contender: row for row in summarise(record, "known")}
    yield _compared(
        "the same contender twice",
        (rows[SAME], rows[AGAIN]),
        lambda ratio: ratio.trusted and not ratio.different,
        ("no difference seen", "a difference was seen, or too few rounds"),
    )
    yield _compared(
        "10 ms against 11 ms",
        (rows[SAME], rows[SLOWER]),
        lambda ratio: ratio.below,
        ("0.909 is right: slower", "0.909 is right: not seen as slower"),
    )


def _compared(
    name: str, pair: tuple[CellSummary, CellSummary], right: Callable[[Ratio], bool], words: tuple[str, str]
) -> Check:
    ratio = pair[1].ratio
    if ratio is None:
        return Check(name, False, no_figures(*pair))
    passed = right(ratio)
    return Check(name, passed, f"{ratio.value:.3f} × ({ratio.low:.3f}–{ratio.high:.3f}): {words[not passed]}")


def no_figures(*rows: CellSummary) -> str:
    """Why there is nothing to compare."""
    reasons = [f"{row.cell.contender} is {row.cell.state}: {row.cell.reason}" for row in rows if row.cell.reason]
    return "; ".join(["no figures", *reasons])


def same_twice(plan: Plan) -> Ratio | None:
    """Run a plan's one contender against itself, on two servers of the same kind; the ratio should be no difference."""
    (contender,) = plan.contenders
    servers = load_servers()
    again = replace(servers[contender.server], name=f"{contender.server}-again")
    other = replace(contender, server=again.name)
    pair = (contender, other)
    workloads = tuple(replace(workload, baseline=str(contender), contenders=pair) for workload in plan.workloads)
    doubled = replace(plan, workloads=workloads, contenders=pair)
    record = Runner(doubled, lambda event: None, {**servers, again.name: again}).run()
    (row,) = [row for row in summarise(record, workloads[0].scenario) if not row.is_baseline]
    return row.ratio


def compare_known_delays() -> RunRecord:
    """One run of the harness itself on servers of known delays."""
    server = Server(
        name="delays",
        interface=Interface.AIOHTTP,
        summary="known delays",
        command=lambda hosting: (hosting.python, *COMMAND),
    )
    workload = Workload(
        scenario="known",
        title="Known delays",
        question="Are they found?",
        needs=frozenset(),
        exchanges={Point(): (Exchange(expectation=EXPECTED),)},
        concurrency=CONNECTIONS,
        baseline=SAME,
    )
    plan = Plan(
        workloads=(workload,),
        contenders=tuple(Contender.parse(name) for name in (SAME, AGAIN, SLOWER)),
        # Medians of latency see a tenth through any noise that leaves half the answers alone. At 143/s no answer falls
        # on the next arrival.
        rates_per_s=(143.0,),
        duration_s=0.5,
        warmup_s=0.1,
        middleware=Middleware.NONE,
    )
    return Runner(plan, lambda event: None, {"delays": server}).run()
