"""How each claim is judged: the figures it rests on, and the rule that turns them into a verdict.

A difference counts when its interval says so (``Ratio.above`` and ``below``) and it is 10 % or more, as in verdicts.
"Served at once" is throughput × wait (Little's law), so it counts those who were being served, not those who queued.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.scenarios.evidence import (
    Finding,
    Missing,
    Seen,
    State,
    cpu_ms,
    is_ahead,
    is_no_lead,
    listed,
    served_at_once,
    standing,
    switches,
)
from apps.scenarios.profiles import AIOHTTP, ASYNC, PROCESSES, WRAPPED
from benchmarks.axes import Axis
from benchmarks.plan import BASELINE
from benchmarks.reports import figures
from benchmarks.stats.effects import Effect
from benchmarks.stats.summary import ratio_between
from benchmarks.stats.verdict import MATTERS

NEAR = 0.15  # of a whole number of clients served at once: connecting and computing take their part of a slot's time
SCALES = 1.3  # two processes on two CPUs, one of which the generator shares
POISON = "poison_ms"
WASTES = 1.25  # CPU time per request with many sleepers ÷ with few


def one_client_per_process(seen: Seen) -> Finding:
    """C1: sync workers serve as many at once as they are, and nothing else of Django's serves more per process."""
    workers = seen.points("slow_io", Axis.WORKERS)
    counted = [served_at_once(seen.row("slow_io", PROCESSES, Axis.WORKERS, value)) for value in workers]
    threaded = seen.row("slow_io", BASELINE, Axis.WORKERS, workers[0])
    numbers = (
        f"{PROCESSES} serves {listed(counted)} at once on {listed(workers)} processes; one process of {BASELINE} "
        f"with {threaded.cell.threads} threads serves {figures.number(served_at_once(threaded))}."
    )
    if not _near(counted, workers):
        return Finding(State.NO_LONGER, numbers)
    if served_at_once(threaded) > 1 + NEAR:
        return Finding(State.HOLDS_WHEN, f"When workers are sync: {numbers}")
    return Finding(State.HOLDS, numbers)


def processes_for_cpu(seen: Seen) -> Finding:
    """C2: a second process gains, while threads and the loop in one process gain nothing."""
    axis = Axis.WORKERS
    one, more = (seen.row("cpu_bound", PROCESSES, axis, value) for value in _ends(seen.points("cpu_bound", axis)))
    scaled = ratio_between(more.cell, one.cell)
    others = {name: seen.row("cpu_bound", name, axis, one.cell.sweep_value) for name in (BASELINE, ASYNC, AIOHTTP)}
    gains = {name: ratio_between(row.cell, one.cell) for name, row in others.items()}
    gained_by = ", ".join(f"{name} {figures.ratio(ratio)}" for name, ratio in gains.items())
    numbers = (
        f"{PROCESSES} on {more.cell.sweep_value:g} processes against {one.cell.sweep_value:g}: "
        f"{figures.ratio(scaled)}; in one process, against one sync worker: {gained_by}."
    )
    gained = [name for name, ratio in gains.items() if is_ahead(ratio)]
    if scaled is None or not scaled.trusted:
        return Finding(State.CANNOT_TELL, numbers)
    if scaled.above and scaled.value >= SCALES:
        return Finding(State.HOLDS_WHEN if gained else State.HOLDS, numbers)
    return Finding(State.NO_LONGER if scaled.below or scaled.high < SCALES else State.CANNOT_TELL, numbers)


def waiting_holds_and_wastes(seen: Seen) -> Finding:
    """C3: the wait holds its process; and sleepers cost CPU time, the more of them there are."""
    workers = seen.points("slow_io", Axis.WORKERS)
    rows = [seen.row("slow_io", PROCESSES, Axis.WORKERS, value) for value in workers]
    holds = _near([served_at_once(row) for row in rows], workers)
    threads = seen.points("slow_io", Axis.THREADS)
    few, many = (seen.row("slow_io", BASELINE, Axis.THREADS, value) for value in _ends(threads))
    awaiting = seen.row("slow_io", ASYNC, Axis.THREADS, many.cell.sweep_value)
    pairs = [(rows[0], rows[-1]), (few, many)]
    grown = [
        after.costs.cpu_ms_per_request / before.costs.cpu_ms_per_request
        for before, after in pairs
        if before.costs.cpu_ms_per_request and after.costs.cpu_ms_per_request
    ]
    numbers = (
        f"The wait holds its process: {listed([served_at_once(row) for row in rows])} served at once on "
        f"{listed(workers)} of them. CPU per request: {cpu_ms(rows[0])} ms on {workers[0]:g} process and "
        f"{cpu_ms(rows[-1])} on {workers[-1]:g}; {cpu_ms(few)} ms on {few.cell.threads} threads and {cpu_ms(many)} on "
        f"{many.cell.threads}, with {switches(many)} context switches; {ASYNC} takes {cpu_ms(awaiting)} ms and "
        f"{switches(awaiting)} switches."
    )
    if holds and not grown:
        return Finding(State.CANNOT_TELL, f"What sleepers cost is not known, for want of CPU figures. {numbers}")
    if holds and max(grown) >= WASTES:
        return Finding(State.HOLDS, numbers)
    if holds:
        return Finding(
            State.HOLDS_WHEN, f"The first half does, the second does not: sleepers are nearly free. {numbers}"
        )
    return Finding(State.NO_LONGER, numbers)


def slow_queries_collapse(seen: Seen) -> Finding:
    """C4: async is not needed on a fast database; on a slow one it is ahead, of threads too, if they are too few."""
    fast = seen.row("orm_read", ASYNC)
    waits_ms = seen.points("slow_query", Axis.WAIT)
    low, high = _ends(waits_ms)
    fell = {
        name: (seen.row("slow_query", name, Axis.WAIT, low), seen.row("slow_query", name, Axis.WAIT, high))
        for name in (PROCESSES, BASELINE, ASYNC)
    }
    said = "; ".join(
        f"{name} {figures.rate(before.requests_per_s)} → {figures.rate(after.requests_per_s)}"
        for name, (before, after) in fell.items()
    )
    slow = fell[ASYNC][1]
    busy = f"{figures.whole(fell[BASELINE][1].costs.database_connections_busy)} and "
    busy += figures.whole(slow.costs.database_connections_busy)
    numbers = (
        f"Fast: async is {figures.ratio(fast.ratio)} of {BASELINE}. From {low:g} to {high:g} ms a query, requests/s: "
        f"{said}. Then async is {standing(slow, fell[BASELINE][1])}, with {busy} database connections at work."
    )
    threads, clients = fell[BASELINE][1].cell.threads, slow.cell.concurrency
    beside_processes = ratio_between(slow.cell, fell[PROCESSES][1].cell)
    if is_ahead(slow.ratio) and threads >= clients:
        if is_ahead(fast.ratio):
            return Finding(State.HOLDS_WHEN, f"Its second half does; on a fast database async is ahead, too. {numbers}")
        return Finding(State.HOLDS, numbers)
    if is_ahead(slow.ratio) or is_ahead(beside_processes):
        few = "processes than clients"
        if threads < clients:
            few = f"processes and threads than clients, here {threads} threads for {clients}"
        return Finding(State.HOLDS_WHEN, f"When there are fewer {few}. {numbers}")
    lost = is_no_lead(slow.ratio) and is_no_lead(beside_processes)
    return Finding(State.NO_LONGER if lost else State.CANNOT_TELL, numbers)


def many_calls_want_async(seen: Seen) -> Finding:
    """C5: async is ahead of threads where a response takes ten calls."""
    row = seen.row("fan_out", ASYNC)
    numbers = f"{ASYNC} against {BASELINE}, ten calls: {figures.ratio(row.ratio)}, p50 {figures.number(row.p50_ms)} ms"
    numbers += f" against {figures.number(seen.row('fan_out', BASELINE).p50_ms)}."
    if is_ahead(row.ratio):
        return Finding(State.HOLDS, numbers)
    return Finding(State.NO_LONGER if is_no_lead(row.ratio) else State.CANNOT_TELL, numbers)


def a_thread_per_open_stream(seen: Seen) -> Finding:
    """C6: only its first half can be seen without WebSockets, so that it is not judged."""
    absent = "The scenarios `notifications` and `chat` are not there yet."
    try:
        threaded, awaiting = (seen.row("stream_response", name) for name in (BASELINE, ASYNC))
    except Missing:
        return Finding(State.NOT_MEASURED, absent)
    return Finding(
        State.NOT_MEASURED,
        f"{absent} Of responses that stay open, {threaded.cell.concurrency} at once: {BASELINE} takes "
        f"{figures.whole(threaded.costs.peak_threads)} threads, {ASYNC} {figures.whole(awaiting.costs.peak_threads)}.",
    )


IO_BOUND = ("orm_read", "session_auth", "fan_out", "slow_io")  # of slow_io, as many threads as connections


def aiohttp_ahead_on_io(seen: Seen) -> Finding:
    """C8: aiohttp is ahead of Django on threads, as many as there are connections, and of async Django."""
    ahead, behind, details = [], [], []
    for scenario in IO_BOUND:
        axis, value = (Axis.THREADS, seen.points(scenario, Axis.THREADS)[-1]) if scenario == "slow_io" else ("", 0.0)
        own, threads, awaiting = (seen.row(scenario, name, axis, value) for name in (AIOHTTP, BASELINE, ASYNC))
        ratios = [ratio_between(own.cell, other.cell) for other in (threads, awaiting)]
        details.append(f"{scenario}: {standing(own, threads)}, {figures.ratio(ratios[1])} of {ASYNC}")
        if all(is_ahead(ratio) for ratio in ratios):
            ahead.append(scenario)
        elif any(is_no_lead(ratio) for ratio in ratios):
            behind.append(scenario)
    numbers = f"{AIOHTTP} beside as many threads as there are connections:"
    if len(ahead) == len(IO_BOUND):
        return Finding(State.HOLDS, numbers, tuple(details))
    if ahead:
        return Finding(State.HOLDS_WHEN, f"In {', '.join(ahead)}. {numbers}", tuple(details))
    state = State.NO_LONGER if len(behind) == len(IO_BOUND) else State.CANNOT_TELL
    return Finding(state, numbers, tuple(details))


def one_call_poisons(seen: Seen) -> Finding:
    """C9: one request in a hundred that blocks takes throughput, or p99 of the innocent, from all others."""
    loops = (ASYNC, AIOHTTP)
    for value in seen.points("poisoned_loop", POISON):
        for contender in loops:
            seen.row("poisoned_loop", contender, POISON, value)  # all of them are needed
    effects = seen.effects("poisoned_loop")
    of_loops = [one for one in effects if one.contender in loops]
    details = tuple(
        f"{contender}: {'; '.join(_harm(one) for one in effects if one.contender == contender)}"
        for contender in dict.fromkeys(one.contender for one in effects)
    )
    hurt = [one for one in of_loops if _hurt(one)]
    numbers = (
        "One request in a hundred blocks. What is left of the requests/s, and p99 of the innocent before and after:"
    )
    if len(hurt) == len(of_loops):
        return Finding(State.HOLDS, numbers, details)
    if hurt:
        points = dict.fromkeys(one.after for one in of_loops)
        struck = {point: ", ".join(one.contender for one in hurt if one.after == point) for point in points}
        felt = "; ".join(f"{names} at {point}" for point, names in struck.items() if names)
        return Finding(State.HOLDS_WHEN, f"{felt}. {numbers}", details)
    return Finding(State.NO_LONGER if all(map(_unhurt, of_loops)) else State.CANNOT_TELL, numbers, details)


def contrib_has_to_be_rewritten(seen: Seen) -> Finding:
    """C11: Django's own async forms did the same reads; what they cost is told beside."""
    row, wrapped = seen.row("session_auth", ASYNC), seen.row("session_auth", WRAPPED)
    return Finding(
        State.NO_LONGER,
        "Session, user and permission have async forms of Django's own, and they did the same statements; inside they "
        f"are sync, {row.cell.hops} hops a page: {ASYNC} is {figures.ratio(row.ratio)} of {BASELINE}, "
        f"the sync view wrapped {figures.ratio(wrapped.ratio)}.",
    )


def _hurt(effect: Effect) -> bool:
    """A tenth of the throughput gone, or the innocent wait twice as long."""
    if effect.ratio is not None and effect.ratio.below and effect.ratio.value <= 1 / MATTERS:
        return True
    before_ms, after_ms = effect.p99_ms.get("innocent", (None, None))
    return before_ms is not None and after_ms is not None and after_ms >= 2 * before_ms


def _unhurt(effect: Effect) -> bool:
    """Known to have lost less than a tenth, and the innocent not to wait twice as long."""
    kept = effect.ratio is not None and effect.ratio.trusted and effect.ratio.low > 1 / MATTERS
    return kept and not _hurt(effect) and None not in effect.p99_ms.get("innocent", (None, None))


def _harm(effect: Effect) -> str:
    before_ms, after_ms = effect.p99_ms.get("innocent", (None, None))
    innocent = f"{figures.number(before_ms)} → {figures.number(after_ms)} ms"
    return f"{effect.after}: {figures.ratio(effect.ratio)}, {innocent}"


def _near(counted: Sequence[float], expected: Sequence[float]) -> bool:
    return all(abs(count - wanted) <= NEAR * wanted for count, wanted in zip(counted, expected, strict=True))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return values[0], values[-1]
