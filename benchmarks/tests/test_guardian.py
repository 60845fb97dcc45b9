"""The guardian: what it starts, it ends, however the command goes away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.exceptions import GuardianLost, StartError
from benchmarks.wards import Guard

pytestmark = pytest.mark.slow
PROMISE_S = 5.0
STUBBORN = """
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""
OWNER = """
import os, sys, time
from benchmarks.wards import Guard
guard = Guard().__enter__()
ward = guard.start("stubborn", [sys.executable, "-c", sys.argv[1]])
while "ready" not in ward.log_tail():
    time.sleep(0.02)
print(guard.pid, ward.pid, guard.folder, flush=True)
time.sleep(60)
"""


def wait_for(condition, within_s: float = PROMISE_S) -> bool:
    deadline_s = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return bool(condition())


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_everything_is_gone_when_the_command_is_killed(number: signal.Signals):
    argv = [sys.executable, "-c", OWNER, STUBBORN]
    owner = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stderr=-3)
    with owner:
        guardian, ward, folder = owner.stdout.readline().split()
        below = [process.pid for process in psutil.Process(int(ward)).children(recursive=True)]
        assert len(below) == 1  # it left the group and the session, and ignores what is ignorable
        owner.send_signal(number)
    assert wait_for(lambda: all(gone(pid) for pid in (int(guardian), int(ward), *below)))
    assert not Path(folder).exists()


def test_children_end_when_the_guardian_itself_is_killed():
    guard = Guard().__enter__()
    ward = guard.start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"])
    os.kill(guard.pid, signal.SIGKILL)
    assert wait_for(lambda: gone(ward.pid))
    assert wait_for(lambda: not ward.alive)
    with pytest.raises(GuardianLost):
        guard.start("another", ["true"])
    guard.__exit__(None, None, None)
    with Guard() as successor:  # sweeps what a killed guardian left, and nothing that is in use
        assert not guard.folder.exists()
        with Guard():
            assert successor.folder.exists()


def test_inherited_socket_listens_on_loopback_without_delay():
    code = (
        "import socket, sys, time; s = socket.socket(fileno=int(sys.argv[1]));"
        "print(s.getsockname()[0], s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True);"
        "c, _ = s.accept(); print(c.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True); time.sleep(60)"
    )
    with Guard() as guard:
        ward = guard.start("listener", [sys.executable, "-c", code, "{fd}"], socket_mode="inherit")
        with socket.create_connection(("127.0.0.1", ward.port), timeout=5):
            assert wait_for(lambda: ward.log_tail().split() == ["127.0.0.1", "1", "1"])
        guard.stop(ward)
        assert not ward.alive
        with pytest.raises(ConnectionRefusedError):  # the guardian kept no copy of the socket
            socket.create_connection(("127.0.0.1", ward.port), timeout=5)


def test_end_of_a_child_is_reported_with_its_log():
    with Guard() as guard:
        ward = guard.start("brief", [sys.executable, "-c", "print('last words'); raise SystemExit(3)"])
        assert ward.ended.wait(PROMISE_S)
        assert ward.returncode == 3
        assert "last words" in ward.epitaph()


def test_a_program_that_is_not_there_is_a_clear_error():
    with Guard() as guard, pytest.raises(StartError, match="No such file"):
        guard.start("absent", ["/nonexistent/program"])


def test_stop_escalates_to_a_process_that_ignores_it():
    with Guard() as guard:
        ward = guard.start("stubborn", [sys.executable, "-c", STUBBORN])
        assert wait_for(lambda: "ready" in ward.log_tail())
        guard.stop(ward)
        assert gone(ward.pid)
        assert ward.returncode == -signal.SIGKILL
