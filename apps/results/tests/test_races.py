"""Races: one at a time, within limits, and over when their command is gone. The child is a stand-in here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.utils import timezone

from apps.results import races
from apps.results.models import Race, RaceEvent, Run
from apps.results.race_limits import (
    RaceOrder,
)
from apps.results.store import Store
from benchmarks.stats.comparison import differences
from benchmarks.tests.records import run_record

ORDER = RaceOrder("plaintext", ("sync@gunicorn-threads", "async@uvicorn"), 8, 3)
WAITS = "import sys; sys.stdin.buffer.read()"


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Stand-ins for ``runbench`` that wait; nobody waits for their end, as if another worker had started them."""
    started: list[subprocess.Popen[bytes]] = []

    def launch(order: RaceOrder, race: Race, output: Any) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE)
        started.append(child)
        return child

    monkeypatch.setattr(races, "_launch", launch)
    monkeypatch.setattr(races, "_await", lambda race, child, output: output.close())
    monkeypatch.setattr(races, "_owned", set())
    yield started
    for child in started:
        child.kill()
        child.wait()
        child.stdin.close()


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("somebody")


def begin(user: User) -> Race:
    race = races.begin(ORDER, user)
    races._owned.clear()
    return race


def end(race: Race) -> None:
    races.close(race.pk, "")


# One at a time


def test_there_is_one_at_a_time_and_the_database_says_so(user: User, children: list[Any]):
    first = begin(user)
    with pytest.raises(races.Busy) as busy:
        begin(user)
    assert busy.value.race == first.pk
    assert len(children) == 1
    with pytest.raises(IntegrityError):
        Race.objects.create(asked={})


@pytest.mark.django_db(transaction=True)
def test_who_starts_one_at_the_same_moment_is_told_so(user: User, children: list[Any], monkeypatch: pytest.MonkeyPatch):
    first = begin(user)
    monkeypatch.setattr(races, "measured_now", lambda: None)  # as it was a moment ago
    with pytest.raises(races.Busy) as busy:
        begin(user)
    assert busy.value.race == first.pk
    assert len(children) == 1
    end(first)
    begin(user)


def test_a_run_from_a_terminal_is_not_disturbed(user: User, children: list[Any]):
    run = Store().begin(run_record())  # its command is this very process
    with pytest.raises(races.Busy, match=f"run {run.pk} is going on") as busy:
        begin(user)
    assert (busy.value.run, busy.value.race) == (run.pk, None)
    Run.objects.update(command_host="elsewhere.example")
    begin(user)


def test_a_run_whose_command_is_gone_does_not_block(user: User, children: list[Any]):
    run = Store().begin(run_record())
    Run.objects.update(command_started=0.0)
    begin(user)
    end(races.running())
    run.refresh_from_db()
    assert run.state == "aborted"


def test_a_race_that_cannot_be_launched_leaves_nothing(user: User, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(races, "_launch", fail)
    with pytest.raises(OSError, match="no more processes"):
        races.begin(ORDER, user)
    assert not Race.objects.exists()


# Rate


def past(user: User, *minutes: float) -> None:
    for ago in minutes:
        race = Race.objects.create(asked={}, active=None, started_by=user)
        Race.objects.filter(pk=race.pk).update(began_at=timezone.now() - timedelta(minutes=ago))


def test_six_of_one_user_within_ten_minutes(user: User, children: list[Any]):
    past(user, 11, 9, 8, 7, 6, 5)
    begin(user)
    end(races.running())
    with pytest.raises(races.TooMany, match="you have started 6 races within 10 minutes") as refused:
        begin(user)
    assert 50 <= refused.value.retry_after_s <= 61  # until the one nine minutes ago is ten
    begin(User.objects.create_user("other"))


def test_twelve_of_all(user: User, children: list[Any]):
    for name in "abc":
        past(User.objects.create_user(name), 9, 8, 7, 6)
    with pytest.raises(races.TooMany, match="all together have started 12"):
        begin(user)
    assert not Race.objects.filter(active=True).exists()
    assert all(child.wait(timeout=10) is not None for child in children)


# The end


def test_a_race_whose_command_is_gone_is_over_for_whoever_looks(user: User, children: list[Any]):
    race = begin(user)
    assert races.running() == race
    children[0].kill()
    children[0].wait()
    assert races.running() is None
    race.refresh_from_db()
    assert (race.active, race.error) == (None, races.GONE)
    assert race.ended_at is not None
    (event,) = RaceEvent.objects.filter(race=race)
    assert event.kind == races.END
    assert event.content == {"state": "failed", "reason": races.GONE, "run": None}


def test_a_pid_that_is_somebody_elses_by_now(user: User, children: list[Any]):
    race = begin(user)
    race.command_started -= 60
    race.save()
    races.stop(race)
    with pytest.raises(subprocess.TimeoutExpired):
        children[0].wait(timeout=0.3)
    assert races.running() is None


def test_it_ends_once(user: User, children: list[Any]):
    race = begin(user)
    for _ in range(2):
        races.close(race.pk, "")
    assert RaceEvent.objects.filter(race=race).count() == 1


def test_what_its_run_became_is_told(user: User, children: list[Any]):
    race = begin(user)
    run = Store().begin(run_record())
    Race.objects.update(run=run)
    Run.objects.update(state="aborted", reason="interrupted")
    races.close(race.pk, "last words")
    race.refresh_from_db()
    assert race.error == "last words"
    assert RaceEvent.objects.get().content == {"state": "aborted", "reason": "interrupted", "run": run.pk}


def test_stopping_interrupts_the_command(user: User, children: list[Any]):
    race = begin(user)
    races.stop(race)
    assert children[0].wait(timeout=10) != 0


def test_a_race_of_another_machine_cannot_be_stopped_from_here(user: User, children: list[Any]):
    race = begin(user)
    race.command_host = "elsewhere.example"
    with pytest.raises(races.Refused, match=r"elsewhere\.example"):
        races.stop(race)
    assert children[0].poll() is None


def test_it_knows_its_command(user: User, children: list[Any]):
    race = begin(user)
    process = psutil.Process(race.command_pid)
    assert race.command_pid == children[0].pid
    assert race.command_started == process.create_time()
    assert race.command_host == socket.gethostname()


def test_race_is_for_the_pages():
    done = subprocess.run(
        [sys.executable, "manage.py", "runbench", "plaintext", "--race", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--race is what the pages start a race with" in done.stderr


def test_being_watched_is_a_condition():
    plain, watched, old = (run_record(**given) for given in ({"watched": False}, {"watched": True}, {}))
    assert [entry.name for entry in differences(plain, watched)] == ["watched"]
    assert differences(old, watched) == []


def test_the_child_interrupts_itself_when_the_showcase_is_gone():
    """Even one whose showcase ignores interrupts, as what a shell starts in the background does."""
    code = (
        "import time; from apps.results.raced import wait_for_start\n"
        "try: wait_for_start(); print('on', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'project.settings'; django.setup()\n"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", setup + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with child:
        child.stdin.write(races.GO)
        child.stdin.flush()
        assert child.stdout.readline() == b"on\n"
        child.stdin.close()
        assert child.stdout.read() == b"interrupted\n"
        assert child.wait(timeout=10) == 0
