"""One command as several processes on one inherited socket, for servers that have no option for workers.

python -m benchmarks.replicas 4 -- command words…

They end together: when this program is told to, and as soon as one of them ends, so that a lost worker is noticed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence

from benchmarks.lifeline import die_with

GRACE_S = 1.2  # more than the second a server takes to end gracefully, less than the guardian waits for this program
ENDINGS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
AWAITED = ENDINGS | {signal.SIGCHLD}

Copy = subprocess.Popen[bytes]


def start(command: Sequence[str], mask: set[int]) -> Copy:
    """One copy, in a process group of its own: a signal to this program's group reaches it once, handed on by us.

    Raises OSError when the command cannot be executed.
    """
    parent_pid = os.getpid()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        # Not SIGTERM: who was SIGKILLed cannot see to it that it is obeyed.
        die_with(parent_pid, signal.SIGKILL)

    # Of what this process holds open, only the socket (and the standard streams) can be inherited.
    return subprocess.Popen(command, close_fds=False, process_group=0, preexec_fn=prepare)  # noqa: PLW1509 - no threads


def send(copies: Sequence[Copy], number: int) -> None:
    """To each copy and what it started itself."""
    for copy in copies:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(copy.pid, number)


def stop(copies: Sequence[Copy], number: int) -> None:
    """Hand a signal on, wait for a while, leave nothing."""
    deadline_s = time.monotonic() + GRACE_S
    send([copy for copy in copies if copy.poll() is None], number)
    while time.monotonic() < deadline_s and any(copy.poll() is None for copy in copies):
        time.sleep(0.02)
    send(copies, signal.SIGKILL)
    for copy in copies:
        copy.wait()


def run(count: int, command: Sequence[str]) -> None:
    """Start the copies and wait for an end. Raises SystemExit with the reason when nobody asked for it."""
    signal.signal(signal.SIGCHLD, lambda *_: None)  # where it is ignored by default, it cannot be waited for
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    copies: list[Copy] = []
    number: int = signal.SIGTERM
    try:
        while len(copies) < count:
            copies.append(start(command, mask))
        while (ended := next((copy for copy in copies if copy.poll() is not None), None)) is None:
            received = signal.sigwait(AWAITED)
            if received in ENDINGS:
                number = received
                return
        raise SystemExit(f"copy {copies.index(ended) + 1} of {count} ended with code {ended.returncode}")
    except OSError as error:
        raise SystemExit(f"{command[0]}: {error.strerror}") from error
    finally:
        stop(copies, number)


def main() -> None:
    """Command line of this program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replicas", description=__doc__)
    parser.add_argument("count", type=int, help="how many copies")
    parser.add_argument("command", nargs="+", help="the command, after --")
    options = parser.parse_args()
    run(options.count, options.command)


if __name__ == "__main__":
    main()
