"""The server of known delays: late by at least as much as was asked for."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from benchmarks.instrument import COMMAND
from benchmarks.servers.process import Process, get, start_command, wait_until_ready
from benchmarks.services.delays import BODY, Delays, receive, stamp
from benchmarks.stage import clean_environment
from benchmarks.wards import Guard


@pytest.fixture(scope="module")
def server() -> Iterator[Process]:
    with Guard() as guard:
        process = start_command(guard, "delays", (sys.executable, *COMMAND), clean_environment())
        wait_until_ready(process)
        yield process


def waited_s(target: str) -> float:
    """How long the server took its time, by its own method."""
    began_s = time.perf_counter()
    answer = Delays().answer(f"GET {target} HTTP/1.1\r\nHost: x".encode(), began_s)
    assert answer.endswith(b"\r\n\r\n" + BODY)
    return time.perf_counter() - began_s


@pytest.mark.parametrize(
    ("target", "delay_ms"),
    [
        ("/known/30ms/", 30),
        ("/known/30ms-again/", 30),
        ("/known/12.5ms/?n=1", 12.5),
        ("/known/0ms/?delay_ms=40", 40),
        ("/known/5000ms/?delay_ms=40", 40),
        ("/known/5000ms/?n=1&delay_ms=7.5", 7.5),
    ],
)
def test_an_answer_is_as_late_as_its_path_or_query_says(target: str, delay_ms: float) -> None:
    assert delay_ms / 1000 <= waited_s(target) < 4


@pytest.mark.parametrize("target", ["/", "/known/", "/known/0ms/", "/known/soon/"])
def test_who_asks_for_no_delay_gets_none(target: str) -> None:
    assert min(waited_s(target) for _ in range(5)) < 0.05


def test_a_delay_counts_from_when_the_request_was_read() -> None:
    before_s = time.perf_counter()
    Delays().answer(b"GET /known/5000ms/ HTTP/1.1", before_s - 4.98)
    assert 0.02 <= time.perf_counter() - before_s < 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps what it receives")
def test_a_request_has_come_when_the_kernel_has_it_and_not_when_it_is_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        connection, _ = listener.accept()
        with connection:
            stamp(connection)
            late_s = []
            for _ in range(50):  # the kernel begins to stamp a moment after it was first asked to
                sent_s = time.perf_counter()
                client.sendall(b"x")
                time.sleep(0.05)
                data, arrived_s = receive(connection)
                late_s.append(arrived_s - sent_s)
                if late_s[-1] < 0.04:
                    break
    assert data == b"x"
    assert -0.001 <= late_s[-1] < 0.04, "read 50 ms later"


def test_connections_are_kept_and_each_waits_for_itself(server: Process) -> None:
    def ask(delay_ms: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        moments_s = [time.perf_counter()]
        for _ in range(3):
            connection.request("GET", f"/known/0ms/?delay_ms={delay_ms}")
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, BODY)
            moments_s.append(time.perf_counter())
        connection.close()
        return moments_s

    delays_ms = [20, 50, 200] * 4
    began_s = time.perf_counter()
    with ThreadPoolExecutor(len(delays_ms)) as pool:
        found = list(pool.map(ask, delays_ms))
    for delay_ms, moments_s in zip(delays_ms, found, strict=True):
        assert all(later - former >= delay_ms / 1000 for former, later in pairwise(moments_s))
    assert time.perf_counter() - began_s < 3 * sum(delays_ms) / 1000 * 0.8, "side by side"


def test_a_stall_makes_everybody_wait_who_is_there_or_comes(server: Process) -> None:
    def ask(target: str) -> float:
        assert get(server.port, target, timeout_s=10) == (200, BODY)
        return time.perf_counter()

    with ThreadPoolExecutor(6) as pool:
        there = [pool.submit(ask, "/known/500ms/") for _ in range(3)]
        time.sleep(0.05)
        began_s = time.perf_counter()
        told_s = ask("/_stall/800")
        coming = [pool.submit(ask, "/known/0ms/") for _ in range(3)]
        ended_s = [asked.result() for asked in (*there, *coming)]
    assert told_s < min(ended_s), "whoever ordered it is told at once"
    assert min(ended_s) >= began_s + 0.8
    assert ask("/known/0ms/") > max(ended_s)


def test_it_proves_that_it_is_the_one_that_was_started(server: Process) -> None:
    status, body = get(server.port, "/_identity/", timeout_s=5)
    assert status == 200
    assert json.loads(body) == {"nonce": server.nonce, "pid": server.ward.pid}
