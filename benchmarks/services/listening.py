"""How the aiohttp services of this project listen: on an inherited socket, or on a host and port of their own."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from typing import Any

from aiohttp import web

from benchmarks.event_loop import new_event_loop

BACKLOG = 2048  # as the guardian's sockets have; aiohttp's own 128 would make an inherited one shorter


def run_app(app: web.Application, *, fd: int | None, host: str, port: int, keep_alive_s: float = 75.0) -> None:
    """Serve on an inherited socket or on host and port, on uvloop where it is installed; access log off.

    Ends the process with one clear sentence when the port is taken.
    """
    options: dict[str, Any] = {"access_log": None, "print": None, "keepalive_timeout": keep_alive_s}
    if fd is not None:
        options["sock"] = socket.socket(fileno=fd)
    else:
        options |= {"host": host, "port": port}
    try:
        web.run_app(app, loop=new_event_loop(), shutdown_timeout=1.0, backlog=BACKLOG, **options)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        sys.exit(f"port {port} on {host} cannot be used ({os.strerror(error.errno)}): choose another with --port")


def port_number(text: str) -> int:
    """An argparse type; event loops would wrap a larger number round and listen somewhere else."""
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 1 to 65535")
    return int(text)


def add_listen_options(parser: argparse.ArgumentParser, default_port: int) -> None:
    """``--host``, ``--port`` and ``--fd``, as both aiohttp services here take them."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=port_number, default=default_port, help="port (default: %(default)s)")
    parser.add_argument("--fd", type=int, help="listening socket inherited from the parent, instead of host and port")
