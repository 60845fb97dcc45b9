"""What ``runbench`` runs when nobody names scenarios: the chosen few, all there are, or what the claims need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.scenarios.registry import scenarios
from benchmarks.axes import Axis, Sweep
from benchmarks.plan import BASELINE


class Profile(StrEnum):
    """Which scenarios, and how."""

    DEFAULT = "default"  # three scenarios, in at most 165 s
    FULL = "full"  # every scenario as its card wants it, and what the claims need beside
    CLAIMS = "claims"  # what each claim of the essay needs to be judged


@dataclass(frozen=True)
class Asked:
    """One scenario that is wanted, and what is to differ from its card; empty: nothing."""

    scenario: str
    contenders: tuple[str, ...] = ()
    sweep: Sweep | None = None
    concurrencies: tuple[int, ...] = ()


PROCESSES = "sync@gunicorn-sync"
ASYNC, AIOHTTP, WRAPPED = "async@uvicorn", "aiohttp@aiohttp", "wrapped@uvicorn"
FASTLANE = "async@uvicorn-fastlane"

DEFAULT = (
    Asked("plaintext"),
    Asked("orm_read"),
    # Without gunicorn-sync, whose two processes would take a seventh of the whole time to answer eight requests/s.
    Asked("fan_out", (BASELINE, "sync@uvicorn", WRAPPED, ASYNC, FASTLANE, AIOHTTP)),
)
DEFAULT_SCENARIOS = tuple(asked.scenario for asked in DEFAULT)

CLAIMS = (
    # C1, C3: who serves how many at once, on how many processes and threads, and at what price
    Asked("slow_io", (PROCESSES, BASELINE), Sweep(Axis.WORKERS, (1.0, 2.0, 4.0)), (32,)),
    Asked("slow_io", (BASELINE, ASYNC, AIOHTTP), Sweep(Axis.THREADS, (4.0, 16.0, 64.0)), (64,)),
    # C3, C4: from which wait on the threads are not enough
    Asked("slow_io", (BASELINE, ASYNC, FASTLANE, AIOHTTP), Sweep(Axis.WAIT, (5.0, 20.0, 50.0, 200.0)), (64,)),
    Asked("slow_query", (PROCESSES, BASELINE, ASYNC, FASTLANE, AIOHTTP)),
    Asked("slow_query", (PROCESSES, BASELINE, ASYNC, AIOHTTP), Sweep(Axis.WAIT, (1.0, 20.0, 100.0))),
    Asked("orm_read", (PROCESSES, BASELINE, ASYNC, FASTLANE, AIOHTTP)),
    # C2
    Asked("cpu_bound", (PROCESSES, BASELINE, ASYNC, WRAPPED, AIOHTTP)),
    # C5, C8
    Asked("fan_out", (PROCESSES, BASELINE, ASYNC, FASTLANE, AIOHTTP)),
    # the half of C6 that needs no WebSockets: who holds a thread for each client
    Asked("stream_response", (BASELINE, ASYNC, FASTLANE, AIOHTTP)),
    # C9
    Asked("poisoned_loop"),
    # C11
    Asked("session_auth", (BASELINE, ASYNC, FASTLANE, WRAPPED, AIOHTTP)),
)


def asked_by(profile: Profile) -> tuple[Asked, ...]:
    """What a profile runs."""
    if profile is Profile.FULL:
        return (*(Asked(name) for name in scenarios()), *(asked for asked in CLAIMS if asked.sweep))
    return CLAIMS if profile is Profile.CLAIMS else DEFAULT
