"""Hand-made cells that each claim can be judged by; every function's arguments are what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apps.scenarios.claims import findings
from apps.scenarios.evidence import Finding
from apps.scenarios.profiles import AIOHTTP, ASYNC, PROCESSES, WRAPPED
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, RunRecord, ScenarioRecord
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import NOW, cell_record, load_result, round_record, usage

ROUNDS = 5
WAIT_MS = 10.0  # so that a hundred requests/s are one served at once
Rates = int | Sequence[int]
ONE_EACH = {1: 1.0, 2: 2.0, 4: 4.0}  # processes -> served at once
NOTHING: Mapping[str, int] = {}


def cell(
    scenario: str,
    contender: str,
    rate: Rates = 1000,
    point: tuple[str, float] = ("", 0.0),
    *,
    rounds: int = ROUNDS,
    cpu_ms: float | None = 1.0,
    innocent_s: float | None = None,
    watched: Mapping[str, int] = NOTHING,
    **changes: Any,
) -> CellRecord:
    """A valid cell with as many ``rounds`` at one rate, or one for each of several.

    ``cpu_ms`` is what a request takes, ``innocent_s`` how long each of a group waits, ``watched`` what else of a
    server's usage is known.
    """
    made = []
    for number, own in enumerate((rate,) * rounds if isinstance(rate, int) else rate, start=1):
        groups = {} if innocent_s is None else {"innocent": dict(Histogram.of_seconds([innocent_s] * own).counts)}
        server = {} if cpu_ms is None else {"server": usage(cpu_ms * own / 1000, **watched)}
        made.append(round_record(number, load_result(own, groups=groups, answered_in_all=own), usage=server))
    axis, value = point
    values = {"sweep_axis": axis, "sweep_value": value, "rounds": made, **changes}
    return cell_record(contender, scenario=scenario, **values)


def run(*cells: CellRecord) -> RunRecord:
    cards = [
        ScenarioRecord(name, "Title", "Question?", BASELINE) for name in dict.fromkeys(one.scenario for one in cells)
    ]
    return RunRecord(started_at=NOW, seed=1, options={"rounds": ROUNDS}, scenarios=cards, cells=list(cells))


def found(claim: str, cells: Sequence[CellRecord]) -> Finding:
    return findings(run(*cells))[claim]


def c1(served: Mapping[int, float] = ONE_EACH, threaded: float = 16.0) -> list[CellRecord]:
    """``served`` at once by so many processes; by the threads of one."""
    rates = [(PROCESSES, count, at_once) for count, at_once in served.items()]
    return [
        cell("slow_io", name, round(at_once * 1000 / WAIT_MS), ("workers", float(count)), wait_ms=WAIT_MS)
        for name, count, at_once in (*rates, (BASELINE, min(served), threaded))
    ]


def c2(
    *, two: Rates = 1800, threads: int = 1000, loop: int = 1000, aiohttp: int = 1000, rounds: int = ROUNDS
) -> list[CellRecord]:
    """Requests/s of two processes, and of the others in one; one process answers 1,000."""
    one, second = ("workers", 1.0), ("workers", 2.0)
    return [
        cell("cpu_bound", PROCESSES, 1000, one, rounds=rounds),
        cell("cpu_bound", PROCESSES, two, second, rounds=rounds),
        cell("cpu_bound", BASELINE, threads, one, rounds=rounds),
        cell("cpu_bound", ASYNC, loop, one, rounds=rounds),
        cell("cpu_bound", AIOHTTP, aiohttp, one, rounds=rounds),
    ]


SWITCHES = {"voluntary_switches": 3000, "involuntary_switches": 100}


def c3(
    *, served: tuple[float, float] = (1.0, 4.0), processes: float | None = 1.0, threads: float | None = 1.3
) -> list[CellRecord]:
    """Served at once by 1 and 4 processes; CPU time per request with many sleepers, where it is 1 ms with few."""
    few = None if processes is None else 1.0
    return [
        cell("slow_io", PROCESSES, round(served[0] * 100), ("workers", 1.0), wait_ms=WAIT_MS, cpu_ms=few),
        cell("slow_io", PROCESSES, round(served[1] * 100), ("workers", 4.0), wait_ms=WAIT_MS, cpu_ms=processes),
        cell("slow_io", BASELINE, 1000, ("threads", 4.0), threads=4, cpu_ms=few),
        cell("slow_io", BASELINE, 1000, ("threads", 64.0), threads=64, cpu_ms=threads, watched=SWITCHES),
        cell("slow_io", AIOHTTP, 1000, ("threads", 64.0)),
        cell("slow_io", ASYNC, 1000, ("threads", 64.0), cpu_ms=threads),
    ]


def c4(
    *,
    fast: Rates = 1000,
    matched: Rates = 1500,
    calls: Rates = 1500,
    slow: Rates = 1500,
    processes: int = 1000,
    rounds: int = ROUNDS,
) -> list[CellRecord]:
    """Async's requests/s where the threads' are 1,000.

    On a fast database, on a slow one with as many threads as clients, with calls to services; and, ``slow``, with 16
    threads for 32 clients, where ``processes`` is what worker processes answer.
    """
    low, high = ("wait", 1.0), ("wait", 100.0)
    pairs = {"orm_read": fast, "slow_query": matched, "fan_out": calls}
    return [
        *(cell(name, BASELINE, 1000, rounds=rounds) for name in pairs),
        *(cell(name, ASYNC, rate, rounds=rounds, wait_ms=50.0) for name, rate in pairs.items()),
        *(cell("slow_query", name, 1000, low, rounds=rounds) for name in (PROCESSES, BASELINE, ASYNC)),
        cell("slow_query", PROCESSES, processes, high, rounds=rounds),
        cell("slow_query", BASELINE, 1000, high, threads=16, rounds=rounds),
        cell("slow_query", ASYNC, slow, high, rounds=rounds),
    ]


def c5(rate: Rates = 1500, rounds: int = ROUNDS) -> list[CellRecord]:
    return [cell("fan_out", BASELINE, 1000, rounds=rounds), cell("fan_out", ASYNC, rate, rounds=rounds)]


NOWHERE = ("", 0.0)
IO_BOUND = {"orm_read": NOWHERE, "session_auth": NOWHERE, "fan_out": NOWHERE, "slow_io": ("threads", 64.0)}


def c8(aiohttp: Mapping[str, int] | int = 1500, loop: int = 1000, rounds: int = ROUNDS) -> list[CellRecord]:
    """aiohttp's requests/s, in all scenarios or in each, where the threads' are 1,000; and async Django's."""
    rates = dict.fromkeys(IO_BOUND, aiohttp) if isinstance(aiohttp, int) else aiohttp
    return [
        cell(scenario, name, rate, point, rounds=rounds)
        for scenario, point in IO_BOUND.items()
        for name, rate in ((BASELINE, 1000), (ASYNC, loop), (AIOHTTP, rates.get(scenario, 1000)))
    ]


def c9(
    rates: Mapping[tuple[str, float], Rates] | None = None,
    innocent_s: Mapping[tuple[str, float], float] | None = None,
    rounds: int = ROUNDS,
) -> list[CellRecord]:
    """By contender and milliseconds of poison: requests/s (else 1,000) and how long the innocent wait (else 10 ms)."""
    return [
        cell(
            *("poisoned_loop", name, (rates or {}).get((name, poison_ms), 1000), ("poison_ms", poison_ms)),
            innocent_s=(innocent_s or {}).get((name, poison_ms), 0.010),
            rounds=rounds,
        )
        for name in (BASELINE, ASYNC, AIOHTTP)
        for poison_ms in (0.0, 1.0, 50.0)
    ]


def c11() -> list[CellRecord]:
    counted = ["8 randomised answers", "32 statements for them"]
    return [cell("session_auth", name, hops=4, verified=counted) for name in (BASELINE, ASYNC, WRAPPED)]
