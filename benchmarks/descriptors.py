"""File descriptors: enough of them before the start, and a clear word when something runs out."""

from __future__ import annotations

import errno

from benchmarks.exceptions import UsageError

SPARE = 64  # for the interpreter, logs, sockets to services


def check_descriptors(connections: int) -> None:
    """Raise the soft limit of open files as far as needed. Raises UsageError when the hard limit is too low."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + SPARE
    if hard != resource.RLIM_INFINITY and hard < needed:
        fits = f"at most --concurrency {hard - SPARE} fits; or " if hard > SPARE else ""
        raise UsageError(
            f"{connections} connections need {needed} open files, but the limit is {hard}",
            hint=f"{fits}raise the limit with: ulimit -n {needed}",
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def hint_for(error: OSError) -> str:
    """What to do about a machine that has run out of something."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "no file descriptors are left: raise the limit with ulimit -n, or lower --concurrency"
    if error.errno == errno.ENOSPC:
        return "the disk is full: free some space in the temporary folder"
    return ""
