"""wrk, where it is installed: another load generator to hold this one's figures against."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from dataclasses import dataclass

from benchmarks.exceptions import LoadError

UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m)")
PERCENTILE = r"{}%\s+([\d.]+)(us|ms|s|m)\b"


@dataclass(frozen=True)
class WrkResult:
    """What wrk printed, and the CPU time it took."""

    requests: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_s: float


def installed() -> bool:
    return shutil.which("wrk") is not None


def run_wrk(url: str, connections: int, duration_s: int, cpus: tuple[int, ...] = ()) -> WrkResult:
    """One thread, pinned where it can be. Raises LoadError when it fails."""
    pinned = ["taskset", "-c", ",".join(map(str, cpus))] if cpus and shutil.which("taskset") else []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*pinned, "wrk", "--latency", "-t1", f"-c{connections}", f"-d{duration_s}", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=duration_s + 30,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise LoadError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def parse(text: str, cpu_s: float) -> WrkResult:
    """wrk's report. Raises LoadError when it is not one."""
    requests = REQUESTS.search(text)
    p50, p99 = (re.search(PERCENTILE.format(percent), text) for percent in (50, 99))
    if requests is None or p50 is None or p99 is None:
        raise LoadError(f"wrk's report is not understood:\n{text}")
    seconds = float(requests[2]) * UNITS_MS[requests[3]] / 1000
    return WrkResult(
        requests=int(requests[1]),
        requests_per_s=int(requests[1]) / seconds,
        p50_ms=float(p50[1]) * UNITS_MS[p50[2]],
        p99_ms=float(p99[1]) * UNITS_MS[p99[2]],
        cpu_s=cpu_s,
    )
