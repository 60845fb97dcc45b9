"""``manage.py serve``: everything stands, and nothing is left behind."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from apps.comparisons.serving import Address, Serving
from apps.results.tests.test_runbench import rows
from benchmarks.exceptions import UsageError
from conftest import Sandbox

slow = pytest.mark.slow
STOPS_WITHIN_S = 5.0


def free_ports(count: int) -> list[int]:
    """Not reserved: the command has to bind them itself."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def words(ports: list[int], *more: str) -> tuple[str, ...]:
    options = ("--port", "--sibling-port", "--upstream-port")
    return "serve", *(word for option, port in zip(options, ports, strict=True) for word in (option, str(port))), *more


@contextmanager
def served(sandbox: Sandbox, ports: list[int], *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and what it had said when all stood."""
    with sandbox.popen(*words(ports, *more)) as process:
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            else:
                raise AssertionError("".join(lines))
            yield process, "".join(lines)
        finally:
            process.kill()


def closed(ports: list[int]) -> bool:
    for port in ports:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return False
    return True


@slow
def test_all_of_it_stands_and_ctrl_c_stops_it(sandbox: Sandbox):
    ports = free_ports(3)
    pages, sibling, upstream = (f"http://127.0.0.1:{port}" for port in ports)
    with served(sandbox, ports) as (process, said):
        for url in (pages, sibling, upstream):
            assert url in said
        assert f"--base-url {pages}" in said
        book = httpx.get(f"{sibling}/orm_read/aiohttp/?book=5").json()
        assert book["id"] == 5, "it has a database"
        assert httpx.get(f"{upstream}/price/1").json()["service"] == "price"
        legs = httpx.get(f"{pages}/fan_out/async/?book=5", timeout=20)
        assert legs.status_code == 200 and "error" not in legs.text, "the showcase knows the upstream"
        legs = httpx.get(f"{sibling}/fan_out/aiohttp/?book=5")
        assert legs.status_code == 200 and "error" not in legs.text, "so does the sibling"
        with httpx.Client(base_url=pages, headers={"Origin": pages}, timeout=20) as browser:
            page = browser.get(re.search(r"\S+/sign-in/\S+", said).group()).text
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
            assert browser.post("/sign-in/", data=fields).status_code == 302
            assert "Start the race" in browser.get("/live/").text

        second = sandbox.manage(*words(ports))
        assert second.returncode == 2
        assert f"port {ports[0]} on 127.0.0.1 is taken" in second.stderr

        began_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=STOPS_WITHIN_S) == 0
        assert time.monotonic() - began_s < STOPS_WITHIN_S
        assert "stopped" in rest and "Traceback" not in rest
        assert closed(ports)
    sandbox.wait_until_clean()


@slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_nothing_is_left(sandbox: Sandbox, number: signal.Signals):
    ports = free_ports(3)
    with served(sandbox, ports, "--no-database", "--workers", "2") as (process, said):
        assert "without a database" in said
        process.send_signal(number)
        sandbox.wait_until_clean()
        assert closed(ports)


@slow
def test_a_race_is_stored_when_it_is_stopped(sandbox: Sandbox):
    ports = free_ports(3)
    pages = f"http://127.0.0.1:{ports[0]}"
    with served(sandbox, ports, "--no-database") as (process, said):
        with httpx.Client(base_url=pages, headers={"Origin": pages}, timeout=20) as browser:
            page = browser.get(re.search(r"\S+/sign-in/\S+", said).group()).text
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
            browser.post("/sign-in/", data=fields)
            contenders = ["sync@gunicorn-threads", "async@uvicorn"]
            form = {"scenario": "plaintext", "contender": contenders, "concurrency": "8", "rounds": "9"}
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', browser.get("/live/").text))
            assert browser.post("/live/start/", data={**fields, **form}).status_code == 302
            deadline_s = time.monotonic() + 30
            while not rows(sandbox, "SELECT 1 FROM results_round") and time.monotonic() < deadline_s:
                time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(timeout=STOPS_WITHIN_S + 1) == 0
    sandbox.wait_until_clean()
    assert rows(sandbox, "SELECT state, reason FROM results_run") == [("aborted", "interrupted")]
    assert rows(sandbox, "SELECT active FROM results_race") == [(None,)]


@slow
def test_a_service_that_ends_is_named_and_all_is_stopped(sandbox: Sandbox):
    with served(sandbox, free_ports(3), "--no-database") as (process, _):
        sandbox.find("benchmarks.services.upstream").kill()
        rest = process.stdout.read()
        assert process.wait(timeout=10) == 1
        assert "the upstream ended by itself (code -9" in rest
        assert "Traceback" not in rest
    sandbox.wait_until_clean()


def wanted(host: str = "127.0.0.1", *ports: int) -> Serving:
    found = ports or free_ports(3)
    return Serving(*(Address(host, port, f"--{name}") for port, name in zip(found, ("port", "b", "c"), strict=True)))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "", "localhost.evil.example"])
def test_others_cannot_reach_it(host: str):
    with pytest.raises(UsageError, match="listens on loopback only"):
        wanted(host).check()


def test_a_port_that_is_taken_is_named_with_its_option():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port} on 127\.0\.0\.1 is taken") as refused:
            wanted("127.0.0.1", *free_ports(1), port, *free_ports(1)).check()
        assert refused.value.hint == "choose another with --b"


def test_three_ports_are_three():
    (port,) = free_ports(1)
    with pytest.raises(UsageError, match="--port and --c name the same port"):
        wanted("127.0.0.1", port, *free_ports(1), port).check()


def test_an_ipv6_address_is_written_as_one():
    assert Address("::1", 8000, "--port").url == "http://[::1]:8000"
