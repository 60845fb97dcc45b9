"""What ties a process to its parent (Linux): a child that ends with it, and a parent that inherits what is orphaned."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _prctl() -> Callable[[int, int], None] | None:
    """Linux's ``prctl``, looked up before any fork; None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda option, value: libc.prctl(option, value, 0, 0, 0)


PRCTL = _prctl()


def die_with(parent_pid: int, number: signal.Signals) -> None:
    """Runs in a child between fork and exec: have it sent this signal when the thread that made it ends."""
    if PRCTL is not None:
        PRCTL(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent_pid:  # it died in between: no signal will come
            os._exit(1)


def adopt_orphans() -> None:
    """Descendants whose parent ends become this process's children."""
    if PRCTL is not None:
        PRCTL(PR_SET_CHILD_SUBREAPER, 1)
