"""The child's side of a race: it waits for its start, tells those who look on, and ends when the showcase does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from apps.results.broadcast import Broadcast
from apps.results.models import Run
from apps.results.races import GO
from benchmarks.events import Event, Listener
from benchmarks.exceptions import UsageError

WATCHED = "watched: pages were served from the same machine meanwhile"


def wait_for_start() -> None:
    """Until the race is in the database; from then on the end of standard input interrupts this process.

    Raises UsageError where nobody starts it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a showcase in the background may ignore it
    if sys.stdin.isatty() or os.read(sys.stdin.fileno(), len(GO)) != GO:
        raise UsageError("--race is what the pages start a race with", hint="leave it away")
    threading.Thread(target=_interrupt_at_end, name="lifeline", daemon=True).start()


def broadcasting(race: int | None, run: Callable[[], Run | None]) -> AbstractContextManager[Listener]:
    """A listener for those who look on; of a run that is no race there are none."""
    return nullcontext(_nobody) if race is None else Broadcast(race, run)


def _nobody(event: Event) -> None:
    pass


def _interrupt_at_end() -> None:
    while os.read(sys.stdin.fileno(), 64):  # not through sys.stdin, whose lock would be held when Python ends
        pass
    os.kill(os.getpid(), signal.SIGINT)
