"""Races: runs that are started from the pages, one at a time, each a child ``runbench`` of the showcase.

That there is one at most is a fact of the database (``Race.active`` is True or nothing, and unique). The child reads a
pipe whose other end this process keeps: at its end-of-file, however the showcase ended, the child interrupts itself.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from datetime import datetime, timedelta
from typing import IO, Any, cast

import psutil
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from apps.results.console import EXIT_INTERRUPTED
from apps.results.models import Race, RaceEvent, Run
from apps.results.race_limits import RaceOrder
from apps.results.store import command_alive, mark_abandoned
from benchmarks.exceptions import CrossoverError
from benchmarks.record import State
from benchmarks.wards import PROJECT_ROOT

PERMISSION = "results.start_run"
WINDOW = timedelta(minutes=10)
MOST_OF_ONE, MOST_OF_ALL = 6, 12  # starts within the window
GO = b"go\n"  # what the child waits for: by then its race is in the database
END = "end"  # the kind of a race's last event
GONE = "its command, or the showcase that had started it, is gone"
INTERRUPTED = (-signal.SIGINT, EXIT_INTERRUPTED)  # how a command ends that was stopped: early, or later on
SAID_LINES, SAID_CHARACTERS = 12, 2000  # of a command's last words
_owned: set[int] = set()  # races whose child is this process's own: their end is told by the thread that waits for it


class Refused(CrossoverError):
    """A race cannot be started, or stopped, as things are."""


class Busy(Refused):
    """Something is measured already, and both would be disturbed."""

    def __init__(self, message: str, *, race: int | None = None, run: int | None = None) -> None:
        super().__init__(message)
        self.race, self.run = race, run
        self.what = f"race {race}" if race else f"run {run}"


class TooMany(Refused):
    """Enough was started for a while."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def measured_now() -> Busy | None:
    """What is measured on this machine at this moment, as the reason not to disturb it."""
    settle()
    if race := Race.objects.filter(active=True).first():
        return _busy(race)
    for run in Run.objects.filter(state=State.RUNNING, command_host=socket.gethostname()):
        if command_alive(run):
            return Busy(
                f"run {run.pk} is going on, started from a terminal; anything beside it would disturb both", run=run.pk
            )
    return None


def begin(order: RaceOrder, user: User) -> Race:
    """Start it. Raises Busy when something is measured already, TooMany when there were enough for a while."""
    if busy := measured_now():
        raise busy
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever waits for the child
    child: subprocess.Popen[bytes] | None = None
    try:
        with transaction.atomic():
            race = Race.objects.create(asked=order.told(), started_by=user)
            _check_rate(user, race)
            child = _launch(order, race, output)
            race.command_host, race.command_pid = socket.gethostname(), child.pid
            race.command_started = psutil.Process(child.pid).create_time()
            race.save()
    except BaseException as error:
        if child is not None:
            _lifeline(child).close()  # it has not heard GO, and ends
        output.close()
        if isinstance(error, IntegrityError):
            raise _busy(Race.objects.filter(active=True).first()) from error
        raise
    _owned.add(race.pk)
    with contextlib.suppress(BrokenPipeError):  # then it has ended already, and that will be told
        _lifeline(child).write(GO)
        _lifeline(child).flush()
    threading.Thread(target=_await, args=(race.pk, child, output), name=f"race-{race.pk}", daemon=True).start()
    return race


def running() -> Race | None:
    """The race that is going on."""
    settle()
    return Race.objects.filter(active=True).select_related("run").first()


def settle() -> None:
    """A race whose command is gone, though nobody here waits for its end, is over."""
    for race in Race.objects.filter(active=True).exclude(pk__in=_owned):
        if not command_alive(race):
            close(race.pk, GONE)


def close(race: int, said: str, *, stopped: bool = False) -> None:
    """Bring a race to its end, once; ``said`` are its command's last words when it failed."""
    mark_abandoned()
    with transaction.atomic():
        found = Race.objects.select_for_update().filter(pk=race, active=True).first()
        if found is None:
            return
        run = Run.objects.filter(race=found).first()
        well = run is not None and run.state == State.OK
        found.active, found.ended_at, found.error = None, timezone.now(), "" if well else said
        found.save()
        RaceEvent.objects.create(race=found, kind=END, content=_ending(run, said, stopped=stopped))


def stop(race: Race) -> None:
    """Interrupt it; what was measured until then is kept. Raises Refused for one of another machine."""
    if race.active and race.command_host != socket.gethostname():
        raise Refused(f"that race runs on {race.command_host}, and can be stopped there only")
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(race.command_pid)
        if race.active and abs(process.create_time() - race.command_started) < 1.0:
            process.send_signal(signal.SIGINT)


def _busy(race: Race | None) -> Busy:
    return Busy("a race is going on already, and there is one at a time", race=race.pk if race else None)


def _check_rate(user: User, race: Race) -> None:
    """Raises TooMany. Within the transaction that starts one, so that nobody slips in between."""
    now = timezone.now()
    earlier = Race.objects.filter(began_at__gt=now - WINDOW).exclude(pk=race.pk).order_by("began_at")
    began = list(earlier.values_list("started_by", "began_at"))
    own = [at for starter, at in began if starter == user.pk]
    _check_number(own, MOST_OF_ONE, "you have", now)
    _check_number([at for _, at in began], MOST_OF_ALL, "all together have", now)


def _check_number(began: list[datetime], most: int, who: str, now: datetime) -> None:
    if len(began) >= most:
        wait_s = int((began[-most] + WINDOW - now).total_seconds()) + 1
        minutes = WINDOW.total_seconds() / 60
        raise TooMany(f"{who} started {len(began)} races within {minutes:.0f} minutes: wait {wait_s} s", wait_s)


def _launch(order: RaceOrder, race: Race, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """In a session of its own: Ctrl-C is for the showcase, and the pipe's end tells the child.

    ``PDEATHSIG`` would end it with the thread that serves this request.
    """
    return subprocess.Popen(
        [sys.executable, "manage.py", "runbench", *order.words, "--race", str(race.pk)],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _lifeline(child: subprocess.Popen[bytes]) -> IO[bytes]:
    """The pipe that it was started with."""
    return cast("IO[bytes]", child.stdin)


def _await(race: int, child: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    """In a thread of its own, until the child has ended."""
    try:
        code = child.wait()
        with contextlib.suppress(BrokenPipeError):
            _lifeline(child).close()
        close(race, _last_words(output) if code else "", stopped=code in INTERRUPTED)
    finally:
        _owned.discard(race)
        output.close()
        connections.close_all()


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-SAID_LINES:])[-SAID_CHARACTERS:]


def _ending(run: Run | None, said: str, *, stopped: bool) -> dict[str, Any]:
    """What followers are told last."""
    if run is None and stopped:
        return {"state": State.ABORTED, "reason": "it was stopped before anything was measured", "run": None}
    if run is None:
        reason = said if said == GONE else "its command ended before anything was measured"
        return {"state": State.FAILED, "reason": reason, "run": None}
    return {"state": run.state, "reason": run.reason, "run": run.pk}
