"""Gunicorn's sync worker: one request per process, the deployment the essay's first claim is about."""

from benchmarks.servers.base import Hosting, Interface, Server, gunicorn


def workers(hosting: Hosting) -> int:
    """Twice the cores: what a team that knows only processes would set."""
    return hosting.workers or hosting.cores * 2


SERVER = Server(
    name="gunicorn-sync",
    interface=Interface.WSGI,
    summary="gunicorn, sync worker: one request per process at a time",
    command=lambda hosting: gunicorn(hosting, "--worker-class", "sync", "--workers", str(workers(hosting))),
    workers=workers,
    slots=workers,
    cannot=("no keep-alive: every request opens a connection", "no WebSockets"),
    keep_alive=False,
    settable=frozenset({"workers"}),
)
