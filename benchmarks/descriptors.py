"""File descriptors and ports: enough of them before the start, and a clear word when something runs out."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

from benchmarks.exceptions import UsageError

SPARE = 64  # for the interpreter, logs, sockets to services
PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def check_connections(connections: int, calls: int = 0) -> None:
    """Make room for so many connections to one server: raise the soft limit of open files as far as needed.

    A server may have ``calls`` connections of its own under way for each of them.

    Raises UsageError, with the number that fits, when the hard limit or the range of local ports is too small.
    """
    ports = local_ports()
    if ports is not None and connections > ports - SPARE:
        raise UsageError(
            f"{connections} connections to one server need as many local ports, and there are {ports}",
            hint=f"at most {ports - SPARE} fit; or widen net.ipv4.ip_local_port_range",
        )
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections * (1 + calls) + SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        most = f"at most {(hard - SPARE) // (1 + calls)} fit; or " if hard > SPARE + calls else ""
        each = f", with up to {calls} calls to services each," if calls else ""
        raise UsageError(
            f"{connections} connections{each} need {needed} open files, but the limit is {hard}",
            hint=f"{most}raise the limit with: ulimit -n {needed}",
        )
    if soft < needed and soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def room() -> int:
    """How many connections a process started now may have open at once."""
    try:
        import resource
    except ImportError:  # not a Unix
        return SPARE
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(1, soft - SPARE)


def local_ports() -> int | None:
    """How many local ports the kernel hands out (Linux)."""
    try:
        low, high = map(int, PORT_RANGE.read_text().split())
    except (OSError, ValueError):
        return None
    return high - low + 1


def hint_for(error: OSError) -> str:
    """What to do about a machine that has run out of something."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "no file descriptors are left: raise the limit with ulimit -n, or lower --concurrency"
    if error.errno == errno.ENOSPC:
        return "the disk is full: free some space in the temporary folder"
    return ""
