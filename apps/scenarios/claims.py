"""The essay's claims, and what one run says of each. A claim is never repeated as true: it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.scenarios import judging
from apps.scenarios.evidence import Finding, Missing, Seen, State
from benchmarks.record import RunRecord

Judge = Callable[[Seen], Finding]
READINESS = "It is about what is installed, not about speed: the readiness report will compute it."


@dataclass(frozen=True)
class Claim:
    """One sentence of the essay "Django vs Aiohttp", shortened, and who judges it; None: ``unjudged`` says why."""

    id: str
    text: str
    judge: Judge | None = None
    judged_from: tuple[str, ...] = ()  # scenarios
    unjudged: str = ""


CLAIMS = {
    claim.id: claim
    for claim in (
        Claim(
            "C1",
            "One sync Django process serves one client at a time: the number of clients served at once is the number "
            "of processes.",
            judging.one_client_per_process,
            ("slow_io",),
        ),
        Claim(
            "C2",
            "For CPU-bound work one process per operation is the right fit.",
            judging.processes_for_cpu,
            ("cpu_bound",),
        ),
        Claim(
            "C3",
            "Blocking I/O holds the process for the whole wait, and the CPU wastes work switching between sleeping "
            "processes.",
            judging.waiting_holds_and_wastes,
            ("slow_io",),
        ),
        Claim(
            "C4",
            "A fast database on the same host is fine; as queries slow down, or calls to other services are added, "
            "throughput and efficiency collapse.",
            judging.slow_queries_collapse,
            ("orm_read", "slow_query", "fan_out"),
        ),
        Claim(
            "C5",
            "A response built from many calls to microservices wants async.",
            judging.many_calls_want_async,
            ("fan_out",),
        ),
        Claim(
            "C6",
            "Realtime delivery over WebSockets: sync needs a thread or process per client and holds thousands; async "
            "holds tens or hundreds of thousands.",
            judging.a_thread_per_open_stream,
            ("stream_response",),
        ),
        Claim(
            "C7",
            "Streaming uploads: sync takes the whole file, then sends it on, bad for gigabytes; async streams it "
            "straight through and goes on serving others.",
            unjudged="The scenario `upload` is not there yet.",
        ),
        Claim(
            "C8",
            "Mass requests against both servers show aiohttp ahead on I/O-bound work.",
            judging.aiohttp_ahead_on_io,
            judging.IO_BOUND,
        ),
        Claim(
            "C9",
            "One sync operation inside an async framework makes performance drop sharply; even a fast one, in one "
            "place, is felt everywhere.",
            judging.one_call_poisons,
            ("poisoned_loop",),
        ),
        Claim("C10", "Django's internals (ORM, cache, …) are still sync, behind `sync_to_async`.", unjudged=READINESS),
        Claim(
            "C11",
            "`contrib` (for example `auth`) has to be rewritten with an async interface.",
            judging.contrib_has_to_be_rewritten,
            ("session_auth",),
        ),
        Claim(
            "C12",
            "Third-party libraries have to support async too, without breaking their sync users.",
            unjudged=READINESS,
        ),
    )
}


def findings(run: RunRecord) -> dict[str, Finding]:
    """What the run says of every claim, by its id."""
    seen = Seen(run)
    return {claim.id: _finding(claim, seen) for claim in CLAIMS.values()}


def _finding(claim: Claim, seen: Seen) -> Finding:
    if claim.judge is None:
        return Finding(State.NOT_MEASURED, claim.unjudged)
    try:
        return claim.judge(seen)
    except Missing as missing:
        return Finding(State.NOT_MEASURED if missing.absent else State.CANNOT_TELL, str(missing))
