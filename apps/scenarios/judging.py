"""How each claim is judged: the figures it rests on, and the rule that turns them into a verdict.

A difference counts when its interval says so (``Ratio.above`` and ``below``) and it is 10 % or more, as in verdicts.
"Served at once" is throughput × wait (Little's law), so it counts those who were being served, not those who queued.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from apps.scenarios.evidence import (
    Finding,
    Missing,
    Seen,
    State,
    cpu_growth,
    cpu_ms,
    is_ahead,
    is_no_lead,
    listed,
    served_at_once,
    standing,
    switches,
)
from apps.scenarios.profiles import AIOHTTP, ASYNC, FASTLANE, PROCESSES, WRAPPED
from benchmarks.axes import Axis
from benchmarks.plan import BASELINE
from benchmarks.reports import figures
from benchmarks.stats.effects import Effect
from benchmarks.stats.summary import ratio_between
from benchmarks.stats.verdict import MATTERS

NEAR = 0.15  # of a whole number of clients served at once: connecting and computing take their part of a slot's time
SCALES = 1.3  # two processes on two CPUs, one of which the generator shares
POISON, INNOCENT = "poison_ms", "innocent"
LONGER = 2.0  # times the innocent wait
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
    if doubt := _one_each(counted, workers):
        return Finding(doubt, numbers)
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
    gained = [name for name in (BASELINE, ASYNC) if is_ahead(gains[name])]  # aiohttp's lead is less framework
    if scaled is None or not scaled.trusted:
        return Finding(State.CANNOT_TELL, numbers)
    if scaled.above and scaled.value >= SCALES:
        if gained:
            return Finding(State.HOLDS_WHEN, f"One process gains without a second, too: {', '.join(gained)}. {numbers}")
        return Finding(State.HOLDS, numbers)
    return Finding(State.NO_LONGER if scaled.below or scaled.high < SCALES else State.CANNOT_TELL, numbers)


def waiting_holds_and_wastes(seen: Seen) -> Finding:
    """C3: the wait holds its process; and sleepers cost CPU time, the more of them there are."""
    workers = seen.points("slow_io", Axis.WORKERS)
    rows = [seen.row("slow_io", PROCESSES, Axis.WORKERS, value) for value in workers]
    few, many = (
        seen.row("slow_io", BASELINE, Axis.THREADS, end) for end in _ends(seen.points("slow_io", Axis.THREADS))
    )
    loops = {name: seen.row("slow_io", name, Axis.THREADS, many.cell.sweep_value) for name in (ASYNC, AIOHTTP)}
    counted = [served_at_once(row) for row in rows]
    grown = [cpu_growth(rows[0], rows[-1]), cpu_growth(few, many)]
    numbers = f"{listed(counted)} served at once on {listed(workers)} processes."
    details = (
        f"CPU per request: {cpu_ms(rows[0])} ms on {workers[0]:g} process, {cpu_ms(rows[-1])} on {workers[-1]:g}; "
        f"{cpu_ms(few)} ms on {few.cell.threads} threads, {cpu_ms(many)} on {many.cell.threads}",
        f"context switches per request: {switches(many)} on {many.cell.threads} threads; {switches(loops[ASYNC])} for "
        f"{ASYNC}, whose middlewares hop; {switches(loops[AIOHTTP])} for {AIOHTTP}",
    )
    if doubt := _one_each(counted, workers):
        return Finding(doubt, numbers, details)
    if any(growth is not None and growth[0] >= WASTES and growth[1] > 1 for growth in grown):
        return Finding(State.HOLDS, numbers, details)
    if all(growth is not None and growth[2] < WASTES for growth in grown):
        half = "The first half does, the second does not: sleepers are nearly free."
        return Finding(State.HOLDS_WHEN, f"{half} {numbers}", details)
    return Finding(State.CANNOT_TELL, f"What sleepers cost is not settled. {numbers}", details)


def slow_queries_collapse(seen: Seen) -> Finding:
    """C4: async is not needed on a fast database; with slow queries, or many calls, it is ahead of threads."""
    fast, matched, calls = (seen.row(name, ASYNC) for name in ("orm_read", "slow_query", "fan_out"))
    low, high = _ends(seen.points("slow_query", Axis.WAIT))
    fallen = {
        name: [seen.row("slow_query", name, Axis.WAIT, value) for value in (low, high)]
        for name in (PROCESSES, BASELINE, ASYNC)
    }
    slow, threads = fallen[ASYNC][1], fallen[BASELINE][1].cell.threads
    beside_processes = ratio_between(slow.cell, fallen[PROCESSES][1].cell)
    fell = "; ".join(
        f"{name} {figures.rate(before.requests_per_s)} → {figures.rate(after.requests_per_s)}"
        for name, (before, after) in fallen.items()
    )
    wait_ms = matched.cell.wait_ms
    details = (
        f"a fast database (orm_read): async is {standing(fast)}, as many as there are clients",
        f"{wait_ms:g} ms a query, as many threads as clients: async is {standing(matched)}, with "
        f"{figures.whole(matched.costs.database_connections_busy)} database connections at work",
        f"{high:g} ms a query, {threads} threads for {slow.cell.concurrency} clients: async is {standing(slow)}",
        f"from {low:g} to {high:g} ms a query, requests/s: {fell} (on {fallen[PROCESSES][1].cell.workers} processes)",
        f"ten calls (fan_out): async is {standing(calls)}, as many as there are clients",
    )
    whens = {
        "queries are slow": is_ahead(matched.ratio),
        "calls to other services are added": is_ahead(calls.ratio),
        "queries are slow and threads fewer than clients": is_ahead(slow.ratio) and not is_ahead(matched.ratio),
        "queries are slow and there are processes only": is_ahead(beside_processes) and not is_ahead(slow.ratio),
    }
    held = [when for when, holds in whens.items() if holds]
    if is_ahead(matched.ratio) and is_ahead(calls.ratio) and not is_ahead(fast.ratio):
        return Finding(State.HOLDS, "As it says.", details)
    if held:
        return Finding(State.HOLDS_WHEN, f"When {', or '.join(held)}.", details)
    ratios = (matched.ratio, calls.ratio, slow.ratio, beside_processes)
    lost = all(is_no_lead(ratio) for ratio in ratios)
    return Finding(State.NO_LONGER if lost else State.CANNOT_TELL, "Async is known to be ahead nowhere.", details)


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
    numbers = (
        f"{absent} Of responses that stay open, {threaded.cell.concurrency} at once: {BASELINE} takes "
        f"{figures.whole(threaded.costs.peak_threads)} threads, {ASYNC} {figures.whole(awaiting.costs.peak_threads)}, "
        "since stock Django keeps the thread that a request begins with until its response ends"
    )
    with suppress(Missing):  # of a run that was made without it
        lean = seen.row("stream_response", FASTLANE)
        numbers += f"; {FASTLANE}, which has no need of one, {figures.whole(lean.costs.peak_threads)}"
    return Finding(State.NOT_MEASURED, f"{numbers}.")


IO_BOUND = ("orm_read", "session_auth", "fan_out", "slow_io")  # of slow_io, as many threads as connections


def aiohttp_ahead_on_io(seen: Seen) -> Finding:
    """C8: aiohttp is ahead of Django on threads, as many as there are connections, and of async Django."""
    ahead, behind, details = [], [], []
    for scenario in IO_BOUND:
        axis, value = (Axis.THREADS, seen.points(scenario, Axis.THREADS)[-1]) if scenario == "slow_io" else ("", 0.0)
        own, threads, awaiting = (seen.row(scenario, name, axis, value) for name in (AIOHTTP, BASELINE, ASYNC))
        ratios = [ratio_between(own.cell, other.cell) for other in (threads, awaiting)]
        details.append(f"{scenario}: {standing(own)}, {figures.ratio(ratios[1])} of {ASYNC}")
        if all(is_ahead(ratio) for ratio in ratios):
            ahead.append(scenario)
        elif any(is_no_lead(ratio) for ratio in ratios):
            behind.append(scenario)
    numbers = (
        "aiohttp sends the same SQL without an ORM and has no middlewares, Django has the seven of startproject. "
        f"{AIOHTTP} beside as many threads as there are connections:"
    )
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
    """C11: a fact of Django's API, if its async forms did the same work; the figures are its price."""
    row, wrapped = seen.row("session_auth", ASYNC), seen.row("session_auth", WRAPPED)
    counted = next((text for text in row.cell.verified if "statements for" in text), "")
    numbers = (
        f"inside they are sync, {row.cell.hops} hops a page: {ASYNC} is {figures.ratio(row.ratio)} of {BASELINE}, "
        f"the sync view wrapped {figures.ratio(wrapped.ratio)}."
    )
    if not counted:
        return Finding(State.CANNOT_TELL, f"Whether its async forms did the same work was not counted; {numbers}")
    forms = f"Session, user and permission have async forms of Django's own, which did the same work ({counted})"
    return Finding(State.NO_LONGER, f"{forms}; {numbers}")


def _hurt(effect: Effect) -> bool:
    """A tenth of the throughput gone, or the innocent wait twice as long."""
    if effect.ratio is not None and effect.ratio.below and effect.ratio.value <= 1 / MATTERS:
        return True
    tail = effect.tails.get(INNOCENT)
    return tail is not None and tail.above and tail.value >= LONGER


def _unhurt(effect: Effect) -> bool:
    """Known to have lost less than a tenth, and the innocent not to wait twice as long."""
    kept = effect.ratio is not None and effect.ratio.trusted and effect.ratio.low > 1 / MATTERS
    tail = effect.tails.get(INNOCENT)
    return kept and tail is not None and tail.trusted and tail.high < LONGER


def _harm(effect: Effect) -> str:
    before_ms, after_ms = effect.p99_ms.get(INNOCENT, (None, None))
    innocent = f"{figures.number(before_ms)} → {figures.number(after_ms)} ms"
    return f"{effect.after}: {figures.ratio(effect.ratio)}, {innocent}"


def _one_each(counted: Sequence[float], expected: Sequence[float]) -> State | None:
    """None where so many are served at once as there are processes. More refutes that; fewer is a slow machine."""
    pairs = list(zip(counted, expected, strict=True))
    if any(count > (1 + NEAR) * wanted for count, wanted in pairs):
        return State.NO_LONGER
    return State.CANNOT_TELL if any(count < (1 - NEAR) * wanted for count, wanted in pairs) else None


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return values[0], values[-1]
