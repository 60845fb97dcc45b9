"""A real server under real clients: threads, descriptors, connections, temporary files, memory, and what clients see.

``FASTLANE_HUNT=100000 pytest apps/fastlane/tests/test_leaks.py`` hunts for leaks over so many requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import Postgres
from .exchanges import PATIENCE_S, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if "FASTLANE_HUNT" in os.environ else 180)]

ROOT = Path(__file__).parents[3]
REQUESTS = int(os.environ.get("FASTLANE_HUNT", "3000"))
CLIENTS = 16
ABORTED = 0.05
FILE_MIB = 50
SIZE, CAP = 3, 4 * 2**20  # as in served_site.py, which only a server can import
ELSEWHERE = min(32, (os.cpu_count() or 1) + 4)  # most threads of a loop's default executor: logs, bodies


class Server:
    """uvicorn with the fast lane, on a port that it was given."""

    def __init__(self, listener: socket.socket, env: dict[str, str]) -> None:
        self.port = listener.getsockname()[1]
        words = ["-m", "uvicorn", "apps.fastlane.tests.served_site:application", "--log-level", "critical"]
        self.process = subprocess.Popen(
            [sys.executable, *words, "--fd", str(listener.fileno())],
            cwd=ROOT,
            env={**os.environ, **env},
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
        self.watched = psutil.Process(self.process.pid)

    def rss_mib(self) -> float:
        return self.watched.memory_info().rss / 2**20

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:  # it starts, or is busy
                    await asyncio.sleep(0.05)

    async def get(self, path: str) -> bytes:
        reader, writer = await self.connect()
        writer.write(head("GET", path, "Connection: close"))
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        await close(writer)
        return answer

    async def at_rest(self) -> None:
        """Nobody connected, surplus threads gone."""
        sockets = lambda: len(self.watched.net_connections("tcp"))  # noqa: E731
        await until(lambda: sockets() <= 1 + SIZE)  # it listens; to the database
        await until(lambda: self.watched.num_threads() <= 1 + SIZE + ELSEWHERE)


def head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body, by length or in chunks."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").lower().split("\r\n")
    status = int(lines[0].split()[1])
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    if "content-length" in headers:
        return status, await reader.readexactly(int(headers["content-length"]))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, body


@pytest.fixture(scope="module")
def start(postgres_server: Postgres, tmp_path_factory: Any) -> Iterator[Callable[..., Server]]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "tmp").mkdir()
    (folder / "file").write_bytes(random.Random(7).randbytes(2**20) * FILE_MIB)
    started: list[Server] = []

    def starting(name: str) -> Server:
        database = {key: value for key, value in postgres_server.connection.settings_dict.items() if key != "TEST"}
        database["OPTIONS"] = {**database["OPTIONS"], "application_name": name}
        env = {
            "FASTLANE_TESTS_DATABASE": json.dumps(database),
            "FASTLANE_TESTS_FILE": str(folder / "file"),
            "TMPDIR": str(folder / "tmp"),
        }
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            started.append(Server(listener, env))
        started[-1].folder = folder
        return started[-1]

    yield starting
    for server in started:
        server.process.terminate()
        try:
            server.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def server(start: Callable[..., Server]) -> Server:
    return start(f"fastlane served {time.monotonic_ns()}")


async def test_requests_asleep_hold_no_threads(server: Server) -> None:
    await server.get("/hello/")
    await server.at_rest()
    before = server.watched.num_threads()
    clients = []
    for _ in range(1000):
        reader, writer = await server.connect()
        writer.write(head("GET", "/sleeps/?s=2"))
        clients.append((reader, writer))
    seen = []
    answers = asyncio.gather(*(read_answer(reader) for reader, _ in clients))
    while not answers.done():
        seen.append(server.watched.num_threads())
        await asyncio.sleep(0.05)
    assert {*await answers} == {(200, b"awake")}
    for _, writer in clients:
        await close(writer)
    assert max(seen) <= before


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "in chunks"])
async def test_a_client_that_sends_too_much_sees_the_answer(server: Server, chunked: bool) -> None:
    """And not a reset connection: it sends all, then reads, as simple clients do."""
    block = b"x" * 2**18
    reader, writer = await server.connect()
    size = 2 * CAP
    writer.write(head("POST", "/upload/", "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"))
    for _ in range(size // len(block)):
        writer.write(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
        await asyncio.wait_for(writer.drain(), PATIENCE_S)
    writer.write(b"0\r\n\r\n" if chunked else b"")
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    await close(writer)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"413 Payload too large")


async def test_a_file_is_sent_in_bounded_memory(server: Server) -> None:
    """To a client that reads slowly at first: what waits for it is not collected."""
    await server.get("/rows/")
    before, most, digest, size = server.rss_mib(), 0.0, hashlib.sha256(), 0
    reader, writer = await server.connect()
    writer.write(head("GET", "/file/"))
    await reader.readuntil(b"\r\n\r\n")
    while size < FILE_MIB * 2**20:
        if size < 2**21:
            await asyncio.sleep(0.02)
        part = await asyncio.wait_for(reader.read(2**17), PATIENCE_S)
        digest.update(part)
        size += len(part)
        most = max(most, server.rss_mib())
    await close(writer)
    assert digest.digest() == hashlib.sha256((server.folder / "file").read_bytes()).digest()
    assert most - before < FILE_MIB / 3


class Client:
    """Asks for one thing after the other, and sometimes goes in the middle."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server, self.dice = server, random.Random(seed)
        self.connection: Any = None
        self.statuses: list[int] = []

    async def ask(self) -> None:
        method, path, body = self.dice.choice(
            [
                ("GET", "/hello/", b""),
                ("GET", "/rows/", b""),
                ("GET", "/async_rows/", b""),
                ("GET", "/streams/", b""),
                ("GET", "/sleeps/?s=0.005", b""),
                ("GET", "/nowhere/", b""),
                ("POST", "/upload/", b"small"),
                ("POST", "/upload/", bytes(50_000)),  # spooled to disk
                *([("GET", "/fails/", b"")] if self.dice.random() < 0.2 else []),
            ]
        )
        if self.connection is None:
            self.connection = await self.server.connect()
        reader, writer = self.connection
        message = head(method, path, f"Content-Length: {len(body)}") + body
        if self.dice.random() < ABORTED:
            writer.write(message[: self.dice.choice([len(message), len(message), len(message) // 2])])
            await asyncio.sleep(self.dice.choice([0, 0.001, 0.005]))
            writer.transport.abort()
            self.connection = None
            return
        writer.write(message)
        status, _ = await asyncio.wait_for(read_answer(reader), PATIENCE_S)
        self.statuses.append(status)


async def play(server: Server, requests: int, seed: int) -> list[int]:
    clients = [Client(server, seed + number) for number in range(CLIENTS)]
    left = iter(range(requests))

    async def go_on(client: Client) -> None:
        for _ in left:
            await client.ask()

    await asyncio.gather(*(go_on(client) for client in clients))
    for client in clients:
        if client.connection is not None:
            await close(client.connection[1])
    await server.at_rest()
    return [status for client in clients for status in client.statuses]


async def test_nothing_leaks(start: Callable[..., Server], postgres_server: Postgres) -> None:
    postgres_server.name = f"fastlane hunt {time.monotonic_ns()}"
    server = start(postgres_server.name)
    await play(server, 600, seed=1)  # caches fill, pools grow
    descriptors, halves = server.watched.num_fds(), []
    for half in (1, 2):
        statuses = await play(server, REQUESTS // 2, seed=100 * half)
        halves.append(server.rss_mib())
        assert set(statuses) == {200, 404, 500}
        assert len(statuses) > (1 - 2 * ABORTED) * (REQUESTS // 2)
    assert server.watched.num_fds() <= descriptors + SIZE  # as many connections to the database as there may be
    assert 0 < postgres_server.connected() <= SIZE
    assert list((server.folder / "tmp").iterdir()) == []
    assert halves[1] - halves[0] < 6  # MiB
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(PATIENCE_S)
    await asyncio.to_thread(postgres_server.wait_for, 0)
