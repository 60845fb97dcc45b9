"""Start a server, prove that the one that answers is the one that was started, stop it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from typing import Any

import psutil

from benchmarks.exceptions import Impostor, NotReady, ProcessDied
from benchmarks.resources import tree_of
from benchmarks.servers.base import Hosting, Server
from benchmarks.wards import Guard, SocketMode, Ward

IDENTITY_PATH = "/_identity/"
READY_TIMEOUT_S = 30.0
WORKERS_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 1.0
ASK_ATTEMPTS = 25
SLOW_START_S = 5.0  # from then on the progress display says what it is waiting for


@dataclass
class Process:
    """A running server and the nonce it has to echo."""

    ward: Ward
    nonce: str
    started_s: float = field(default_factory=time.monotonic)

    @property
    def port(self) -> int:
        return self.ward.port


def start(guard: Guard, name: str, server: Server, hosting: Hosting, env: Mapping[str, str]) -> Process:
    """Start ``server`` as ward ``name`` on all CPUs; does not wait until it answers (then ``pin`` it)."""
    return start_command(guard, name, server.command(hosting), env, socket_mode=server.socket)


def start_command(
    guard: Guard,
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    cpus: Sequence[int] = (),
    socket_mode: SocketMode = "inherit",
) -> Process:
    """Start any program that answers its nonce at ``/_identity/``."""
    nonce = secrets.token_hex(8)
    ward = guard.start(name, argv, env={**env, "CROSSOVER_NONCE": nonce}, cpus=cpus, socket_mode=socket_mode)
    return Process(ward, nonce)


def pin(process: Process, cpus: Sequence[int]) -> None:
    """Bind every thread of a started server to ``cpus``; threads and workers it makes later inherit it.

    Importing an application is most of a start: six servers share all CPUs for that, and none is measured meanwhile.
    """
    if not cpus:
        return
    for _ in range(2):  # what was made while the first pass looked
        for entry in tree_of(process.ward.pid):
            with contextlib.suppress(psutil.Error):
                for thread in entry.threads():
                    with contextlib.suppress(ProcessLookupError):
                        os.sched_setaffinity(thread.id, cpus)


def wait_until_ready(
    process: Process, on_slow: Callable[[float], None] = lambda waited_s: None, timeout_s: float = READY_TIMEOUT_S
) -> None:
    """Wait for the server's own answer.

    Raises ProcessDied (with its log) as soon as it ends, Impostor when somebody else answers, NotReady after
    ``timeout_s``. ``on_slow`` is told the seconds waited, once a second.
    """
    ward, next_word_s, last = process.ward, SLOW_START_S, "no connection"
    while True:
        waited_s = time.monotonic() - process.started_s
        if not ward.alive:
            raise ProcessDied(
                f"{ward.name} ended on start with {ward.epitaph()}",
                hint="run its command by hand to see more: " + " ".join(ward.argv),
            )
        if waited_s > next_word_s:
            on_slow(waited_s)
            next_word_s = waited_s + 1.0
        try:
            status, body = get(process.port, IDENTITY_PATH, timeout_s=PROBE_TIMEOUT_S)
        except (OSError, http.client.HTTPException) as error:
            last = str(error) or type(error).__name__
        else:
            if _told(body).get("nonce") == process.nonce:
                return
            if status == 200 or _told(body).get("nonce"):
                raise Impostor(
                    f"something else answers on port {process.port}, not the {ward.name} that was started",
                    hint="find it with: ss -ltnp; stop it, then run again",
                )
            last = f"status {status}"
        if waited_s > timeout_s:
            raise NotReady(
                f"{ward.name} did not answer within {timeout_s:.0f} s ({last}); its last log lines:\n{ward.log_tail()}"
            )
        time.sleep(0.02)


def wait_for_workers(process: Process, workers: int, timeout_s: float = WORKERS_TIMEOUT_S) -> bool:
    """Wait until every worker process has answered once: one that still imports its application would be measured.

    False when they did not within ``timeout_s``; the kernel chooses who accepts, so this cannot be certain.
    """
    deadline_s = time.monotonic() + timeout_s
    while workers > 1 and ask_account(process, workers) is None:
        if time.monotonic() > deadline_s:
            return False
    return True


def get(port: int, target: str, *, timeout_s: float) -> tuple[int, bytes]:
    """One GET on loopback. Raises OSError or http.client.HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", target, headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _told(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


@dataclass(frozen=True)
class OwnAccount:
    """What a server's processes have used since they began, as they tell it themselves (getrusage)."""

    cpu_s: float = 0.0
    voluntary_switches: int = 0
    involuntary_switches: int = 0

    def since(self, earlier: OwnAccount) -> OwnAccount:
        return OwnAccount(
            self.cpu_s - earlier.cpu_s,
            self.voluntary_switches - earlier.voluntary_switches,
            self.involuntary_switches - earlier.involuntary_switches,
        )


def ask_account(process: Process, workers: int) -> OwnAccount | None:
    """The sum over all worker processes of an idle server; None when not all of them were heard.

    Who accepts a connection is the kernel's choice, so several ask at once until each worker has answered.
    """
    told: dict[int, OwnAccount] = {}
    names = [one.name for one in fields(OwnAccount)]

    def ask(_: int) -> dict[str, Any]:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return _told(get(process.port, IDENTITY_PATH, timeout_s=PROBE_TIMEOUT_S)[1])
        return {}

    with ThreadPoolExecutor(max_workers=2 * workers) as executor:
        for _ in range(ASK_ATTEMPTS):
            for answer in executor.map(ask, range(1 if workers == 1 else 2 * workers)):
                if all(name in answer for name in ("pid", *names)):
                    told[answer["pid"]] = OwnAccount(**{name: answer[name] for name in names})
            if len(told) == workers:
                return OwnAccount(*(sum(getattr(one, name) for one in told.values()) for name in names))
    return None
