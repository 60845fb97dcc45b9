"""Every installed server, started as a run starts it: workers, TCP_NODELAY, connections that are kept."""

from __future__ import annotations

import ctypes
import http.client
import os
import socket
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from benchmarks.resources import tree_of
from benchmarks.servers import load_servers
from benchmarks.servers.base import SETTINGS_UNDER_TEST, Hosting
from benchmarks.servers.process import (
    IDENTITY_PATH,
    READY_TIMEOUT_S,
    Process,
    ask_account,
    start,
    wait_until_ready,
)
from benchmarks.wards import Guard

pytestmark = pytest.mark.slow
INSTALLED = sorted(name for name, server in load_servers().items() if not server.missing())
WORKERS = 2
PIDFD_GETFD = 438  # the number of this system call on every machine
NONE_OF_THEM = "no-such-scenario/sync"  # the identity is enough here


@pytest.fixture(params=INSTALLED)
def process(request: pytest.FixtureRequest) -> Iterator[Process]:
    """One installed server after the other, with two workers."""
    hosting = Hosting(cores=1, threads=4, python=sys.executable, workers=WORKERS)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS_UNDER_TEST, "CROSSOVER_ONLY": NONE_OF_THEM}
    with Guard() as guard:
        process = start(guard, request.param, load_servers()[request.param], hosting, env)
        wait_until_ready(process)
        yield process


def delays(pid: int, port: int) -> list[bool]:
    """Of every open connection that a process has accepted: whether the kernel may hold back what it sends."""
    open_here, found = os.pidfd_open(pid), []
    for one in psutil.Process(pid).net_connections("tcp"):
        if one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED:
            number = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, open_here, one.fd, 0)
            if number < 0:
                pytest.skip(f"this system does not lend file descriptors: {os.strerror(ctypes.get_errno())}")
            with socket.socket(fileno=number) as connection:
                found.append(not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    os.close(open_here)
    return found


def test_all_workers_answer(process: Process) -> None:
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while ask_account(process, WORKERS) is None:  # the first may answer while the second still imports
        assert time.monotonic() < deadline_s
    assert len(tree_of(process.ward.pid)) > WORKERS  # somebody sees to it that they end together


@pytest.mark.skipif(sys.platform != "linux", reason="needs pidfd_getfd")
def test_connections_send_without_delay(process: Process) -> None:
    with socket.create_connection(("127.0.0.1", process.port), timeout=5) as connection:
        connection.sendall(f"GET {IDENTITY_PATH} HTTP/1.1\r\nHost: localhost\r\n".encode())  # the end is not sent yet
        found: list[bool] = []
        while not found:  # accepted by the kernel before the server takes it
            found = [one for entry in tree_of(process.ward.pid) for one in delays(entry.pid, process.port)]
    assert found == [False]


@pytest.mark.parametrize("process", ["hypercorn"], indirect=True)  # the one that counts requests
def test_a_connection_outlives_a_thousand_requests(process: Process) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
    ports = set()
    for _ in range(1005):
        connection.request("GET", IDENTITY_PATH)
        connection.getresponse().read()
        assert connection.sock is not None, "the server closed it"
        ports.add(connection.sock.getsockname()[1])
    connection.close()
    assert len(ports) == 1
