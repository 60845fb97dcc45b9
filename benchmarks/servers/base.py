"""What a server is: how to start it, how many requests it serves at once, and what it cannot do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import Literal

KEEP_ALIVE_S = 30  # longer than any pause of the generator, so that no server closes a connection in use
BACKLOG = 2048  # as the socket that servers inherit has; some would shrink it to 50 or 100
MOST_CONNECTIONS = 20_000  # per process; some servers leave all beyond a thousand unanswered, or close them


class Interface(StrEnum):
    """How a server calls an application."""

    WSGI = "wsgi"
    ASGI = "asgi"
    AIOHTTP = "aiohttp"


ENTRY_POINTS = {
    Interface.WSGI: "project.wsgi:application",
    Interface.ASGI: "project.asgi:application",
    Interface.AIOHTTP: "project.aiohttp_app",
}
FASTLANE = "project.asgi_fastlane:application"  # the same Django, hosted by the fast lane's handler
SETTINGS_UNDER_TEST = "project.settings_under_test"

# How often Django goes from the loop to a thread and back around an async view, by the middlewares before it; around a
# sync view once more. project/tests/test_hops.py counts them.
STOCK_HOPS = {"none": 2, "default": 15, "sync-only": 4}
FASTLANE_HOPS = {"none": 0, "default": 0, "sync-only": 2}


@dataclass(frozen=True)
class Hosting:
    """The resources a run gives a server."""

    cores: int  # CPUs the server is pinned to
    threads: int  # of a threaded server; matched to the load unless told otherwise
    python: str  # interpreter to run it with
    workers: int | None = None  # processes; None: as the server thinks best


def workers_or_one(hosting: Hosting) -> int:
    """What most servers think best: one process, unless more are asked for."""
    return hosting.workers or 1


@dataclass(frozen=True)
class Server:
    """One way of hosting an application.

    ``command`` gives the words of the command line; ``{fd}`` stands for the listening socket it inherits or, with
    ``socket="bind"``, ``{port}`` for the port it is to bind itself. ``slots`` is the number of requests it can serve
    at once (None: as many as there are connections), the basis of every ceiling.
    """

    name: str
    interface: Interface
    summary: str
    command: Callable[[Hosting], tuple[str, ...]]
    workers: Callable[[Hosting], int] = lambda hosting: 1
    threads: Callable[[Hosting], int] = lambda hosting: 1
    slots: Callable[[Hosting], int | None] = lambda hosting: None
    cannot: tuple[str, ...] = ()
    keep_alive: bool = True
    lifespan: bool = True  # whether it runs ASGI lifespan; WSGI has none, and no variant there asks for it
    fastlane: bool = False  # whether Django's ASGI handler is replaced by the fast lane's
    socket: Literal["inherit", "bind"] = "inherit"
    settable: frozenset[str] = frozenset()  # of "workers" and "threads", what a sweep may vary
    requires: tuple[str, ...] = ()
    pip_line: str = ""

    def hops_around(self, middleware: str, *, sync_view: bool) -> int:
        """How often Django itself goes from the loop to a thread around a view; never where there is no loop."""
        if self.interface is not Interface.ASGI:
            return 0
        return (FASTLANE_HOPS if self.fastlane else STOCK_HOPS)[middleware] + sync_view

    def missing(self) -> tuple[str, ...]:
        """Modules it needs that are not installed."""
        return tuple(name for name in self.requires if find_spec(name.partition(".")[0]) is None)


def gunicorn(hosting: Hosting, *options: str) -> tuple[str, ...]:
    """Gunicorn's command line as every gunicorn server here uses it; its access log is off by default."""
    return (
        *(hosting.python, "-m", "gunicorn", ENTRY_POINTS[Interface.WSGI], "--bind", "fd://{fd}"),
        *("--keep-alive", str(KEEP_ALIVE_S), "--graceful-timeout", "1", "--timeout", "60", "--log-level", "warning"),
        "--no-control-socket",  # it would be shared between all gunicorns of this user
        *options,
    )


def uvicorn(hosting: Hosting, entry_point: str) -> tuple[str, ...]:
    """Uvicorn's command line, for stock Django and for the fast lane alike.

    Of the ASGI servers it alone puts X-Forwarded-* into the scope unless told otherwise; nobody sends them here.
    """
    return (
        *(hosting.python, "-m", "uvicorn", entry_point, "--fd", "{fd}"),
        *("--workers", str(workers_or_one(hosting))),
        *("--loop", "auto", "--http", "auto", "--lifespan", "on", "--no-access-log", "--log-level", "warning"),
        *("--no-proxy-headers", "--timeout-keep-alive", str(KEEP_ALIVE_S), "--timeout-graceful-shutdown", "1"),
    )


def granian(hosting: Hosting, interface: Interface, *options: str, entry_point: str = "") -> tuple[str, ...]:
    """Granian's command line for either interface, and its usual entry point unless told; no access log by default.

    It cannot inherit a socket; those it opens itself have TCP_NODELAY (ListenerSpec in its src/net.rs). Several workers
    each open the port, and the kernel deals connections out by hash.
    """
    return (
        *(hosting.python, "-m", "granian", entry_point or ENTRY_POINTS[interface], "--interface", str(interface)),
        *("--host", "127.0.0.1", "--port", "{port}", "--workers", str(workers_or_one(hosting))),
        # It holds a permit per connection, not per request: by default 1,024 in all, and others wait in the backlog.
        *("--backlog", str(BACKLOG), "--backpressure", str(MOST_CONNECTIONS)),
        # Without a request's first byte, this is how long an idle connection is kept.
        *("--http", "1", "--http1-header-read-timeout", str(KEEP_ALIVE_S * 1000)),
        *("--workers-kill-timeout", "1", "--log-level", "warning"),
        *options,
    )


def replicated(hosting: Hosting, *command: str) -> tuple[str, ...]:
    """A command of one process as many times as there are to be workers, all on the socket they inherit."""
    if workers_or_one(hosting) == 1:
        return (hosting.python, *command)
    return (hosting.python, "-m", "benchmarks.replicas", str(hosting.workers), "--", hosting.python, *command)
