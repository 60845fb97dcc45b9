"""Several copies of one command: they share a socket, and they end together, however the end comes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.replicas import GRACE_S
from benchmarks.wards import Guard

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
COPIES = 3
PROMISE_S = 5.0
# A copy writes down each signal it is sent; "deaf" it does no more than that, and has a child that is as deaf.
COPY = """
import os, pathlib, signal, subprocess, sys, time
folder, deaf = pathlib.Path(sys.argv[1]), "deaf" in sys.argv
def heard(number, frame):
    with open(folder / "heard", "a") as file:
        file.write(f"{os.getpid()} {signal.Signals(number).name}\\n")
    if not deaf:
        time.sleep(0.2)  # for a second signal, if there is one
        sys.exit(0)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, heard)
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code]) if deaf else None
(folder / f"{os.getpid()}.begun").write_text(str(child.pid) if child else "")
(folder / f"{os.getpid()}.begun").rename(folder / f"{os.getpid()}.up")  # not seen before it is whole
while True:
    time.sleep(60)
"""
SERVER = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    connection.sendall(str(os.getpid()).encode())
    connection.close()
"""


def wait_for(condition: Callable[[], bool], within_s: float = PROMISE_S) -> bool:
    deadline_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return condition()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def argv(count: int, *command: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.replicas", str(count), "--", *command]


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """The program, which leads a process group as a ward does, and the pids of its copies once all are up."""
    command = argv(COPIES, sys.executable, "-c", COPY, str(folder), *words)
    program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    with program:
        try:
            assert wait_for(lambda: len(list(folder.glob("*.up"))) == COPIES)
            yield program, sorted(int(path.stem) for path in folder.glob("*.up"))
        finally:
            program.kill()
            for path in folder.glob("*.up"):  # where a test has failed
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(path.stem), signal.SIGKILL)


def heard(folder: Path) -> list[str]:
    return sorted((folder / "heard").read_text().splitlines())


@pytest.mark.parametrize("whom", [os.kill, os.killpg], ids=["the program", "its group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_each_copy_once(
    whom: Callable[[int, int], None], number: signal.Signals, tmp_path: Path
) -> None:
    with running(tmp_path) as (program, copies):
        whom(program.pid, number)
        assert program.wait(PROMISE_S) == 0
        assert heard(tmp_path) == sorted(f"{pid} {number.name}" for pid in copies)
        assert all(map(gone, copies))


def test_copies_that_do_not_listen_are_killed_with_what_they_started(tmp_path: Path) -> None:
    with running(tmp_path, "deaf") as (program, copies):
        below = [int(path.read_text()) for path in tmp_path.glob("*.up")]
        began_s = time.monotonic()
        program.terminate()
        assert program.wait(PROMISE_S) == 0
        assert time.monotonic() - began_s >= GRACE_S
        assert len(heard(tmp_path)) == COPIES
        assert wait_for(lambda: all(map(gone, [*copies, *below])))


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
@pytest.mark.parametrize("words", [(), ("deaf",)], ids=["obedient", "deaf"])
def test_copies_end_when_the_program_itself_is_killed(words: tuple[str, ...], tmp_path: Path) -> None:
    with running(tmp_path, *words) as (program, copies):
        program.kill()
        assert wait_for(lambda: all(map(gone, copies)))


def test_when_one_copy_ends_all_end_and_it_is_said_which(tmp_path: Path) -> None:
    with running(tmp_path) as (program, copies):
        os.kill(copies[1], signal.SIGKILL)
        assert program.wait(PROMISE_S) == 1
        assert all(map(gone, copies))
        assert program.stderr is not None
        assert f"of {COPIES} ended with code -9" in program.stderr.read()
        assert len(heard(tmp_path)) == COPIES - 1


@pytest.mark.parametrize(
    ("command", "said"),
    [("true", "of 2 ended with code 0\n"), ("/not/there", "/not/there: No such file or directory\n")],
)
def test_a_copy_that_ends_well_or_never_was_is_missed_as_well(command: str, said: str) -> None:
    done = subprocess.run(argv(2, command), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(said)


def test_all_copies_accept_from_one_inherited_socket() -> None:
    with Guard() as guard:
        ward = guard.start("copies", argv(COPIES, sys.executable, "-c", SERVER, "{fd}"), socket_mode="inherit")
        answered: set[int] = set()

        def all_answered() -> bool:
            with socket.create_connection(("127.0.0.1", ward.port), timeout=5) as connection:
                answered.add(int(connection.recv(16)))
            return len(answered) == COPIES

        assert wait_for(all_answered)
        assert answered == {process.pid for process in psutil.Process(ward.pid).children()}
        guard.stop(ward)
        assert all(map(gone, answered))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", ward.port), timeout=5)
