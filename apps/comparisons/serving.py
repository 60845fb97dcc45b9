"""All that the pages can use, started together and stopped together: showcase, sibling, upstream, and a PostgreSQL."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TextIO

from apps.comparisons.loopback import SIBLING, UPSTREAM
from apps.results.races import running
from benchmarks.exceptions import NotReady, ProcessDied, StartError, UsageError
from benchmarks.services.database import EMBEDDED, WorkloadDatabase, open_workload
from benchmarks.stage import PREPARE_COMMAND, PREPARE_TIMEOUT_S, clean_environment, workload_environment
from benchmarks.wards import Guard, Ward

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OWN_HOST = "127.0.0.1"  # of the services that only the showcase asks
READY_S = 30.0
LOOK_S = 0.2
GRACE_S = 1  # that open streams get when the showcase stops
RACE_ENDS_S = 2.0  # that a race gets to store what it has measured; it hears that the showcase is gone


@dataclass(frozen=True)
class Address:
    """Where something listens."""

    host: str
    port: int
    option: str  # that names another port

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@dataclass(frozen=True)
class Serving:
    """What is to be served, and where."""

    showcase: Address
    sibling: Address
    upstream: Address
    workers: int = 1
    database: bool = True  # for the sibling, whose database variants know PostgreSQL alone

    def check(self) -> None:
        """Raises UsageError for a host that others can reach, and for a port that is taken."""
        if self.showcase.host not in LOOPBACK:
            raise UsageError(
                f"the showcase listens on loopback only, and {self.showcase.host!r} is not",
                hint=f"leave --host away, or name one of {', '.join(LOOPBACK)}; others reach it through a proxy",
            )
        used: dict[int, str] = {}
        for address in (self.showcase, self.sibling, self.upstream):
            if address.port in used:
                raise UsageError(f"{used[address.port]} and {address.option} name the same port, {address.port}")
            used[address.port] = address.option
            _check_free(address)


@dataclass(frozen=True)
class Served:
    """What stands, and its processes."""

    showcase: Ward
    wards: dict[str, Ward]

    def check(self) -> None:
        """Raises ProcessDied when one of them is gone."""
        for name, ward in self.wards.items():
            if not ward.alive:
                raise ProcessDied(f"{name} ended by itself ({ward.epitaph()})")


@contextmanager
def serving(wanted: Serving, say: Callable[[str], None]) -> Iterator[Served]:
    """Start it; on leaving all of it is stopped.

    Raises UsageError as ``check`` does, StartError or DatabaseError for what does not come up.
    """
    wanted.check()
    with ExitStack() as stack:
        guard = stack.enter_context(Guard())
        database = None
        if wanted.database:
            say("starting a PostgreSQL for the sibling, and seeding it")
            database = stack.enter_context(open_workload(guard, EMBEDDED, ()))
            _seed(guard, database)
        addresses = {UPSTREAM: wanted.upstream.url}
        wards = {
            "the upstream": _python(guard, wanted.upstream, "benchmarks.services.upstream", clean_environment()),
            "the sibling": _python(
                guard, wanted.sibling, "project.aiohttp_app", {**workload_environment(database), **addresses}
            ),
        }
        addresses[SIBLING] = wanted.sibling.url
        showcase = wards["the showcase"] = guard.start(
            "showcase", (sys.executable, *_uvicorn(wanted)), env={**os.environ, **addresses}
        )
        for (name, ward), address in zip(
            wards.items(), (wanted.upstream, wanted.sibling, wanted.showcase), strict=True
        ):
            _wait_until_listening(name, ward, address)
        if database and database.ward:
            wards["PostgreSQL"] = database.ward
        try:
            yield Served(showcase, wards)
        finally:
            guard.stop(showcase)  # first: a race in it then ends by itself, and is stored
            _wait_for_race()


def watch(served: Served, log: TextIO, write: Callable[[str], object]) -> None:
    """Pass the showcase's log on until something ends. Raises ProcessDied."""
    while True:
        if text := log.read():
            write(text)
        served.check()
        time.sleep(LOOK_S)


def _uvicorn(wanted: Serving) -> tuple[str, ...]:
    """Without an access log: the address and the link stay in sight, and no token is written down."""
    where = ("--host", wanted.showcase.host, "--port", str(wanted.showcase.port))
    how = ("--workers", str(wanted.workers), "--no-access-log", "--timeout-graceful-shutdown", str(GRACE_S))
    return ("-m", "uvicorn", "project.asgi:application", *where, *how)


def _python(guard: Guard, address: Address, module: str, env: Mapping[str, str]) -> Ward:
    argv = (sys.executable, "-m", module, "--host", address.host, "--port", str(address.port))
    return guard.start(module.rpartition(".")[2], argv, env=env)


def _seed(guard: Guard, database: WorkloadDatabase) -> None:
    ward = guard.start("prepare", (sys.executable, *PREPARE_COMMAND), env=workload_environment(database))
    if not ward.ended.wait(PREPARE_TIMEOUT_S) or ward.returncode:
        raise StartError(f"the sibling's database could not be seeded:\n{ward.log_tail()}", hint="try --no-database")


def _check_free(address: Address) -> None:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise UsageError(
                f"port {address.port} on {address.host} "
                + ("is taken: is it served already?" if taken else f"cannot be used ({os.strerror(error.errno or 0)})"),
                hint=f"choose another with {address.option}",
            ) from error


def _wait_until_listening(name: str, ward: Ward, address: Address) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        if not ward.alive:
            raise ProcessDied(f"{name} did not come up ({ward.epitaph()})")
        try:
            socket.create_connection((address.host, address.port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotReady(f"{name} did not answer on {address.url} within {READY_S:.0f} s:\n{ward.log_tail()}")


def _wait_for_race() -> None:
    deadline_s = time.monotonic() + RACE_ENDS_S
    while running() is not None and time.monotonic() < deadline_s:
        time.sleep(0.05)
