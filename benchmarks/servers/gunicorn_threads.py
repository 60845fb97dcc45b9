"""Gunicorn's gthread worker with as many threads as connections: the fair rival that async has to beat."""

from benchmarks.servers.base import Hosting, Interface, Server, gunicorn


def threads(hosting: Hosting) -> int:
    """Matched to the load: no request ever waits for a thread."""
    return hosting.connections


SERVER = Server(
    name="gunicorn-threads",
    interface=Interface.WSGI,
    summary="gunicorn, gthread worker: one process, one thread per connection",
    command=lambda hosting: gunicorn(
        hosting, "--worker-class", "gthread", "--workers", "1", "--threads", str(threads(hosting))
    ),
    threads=threads,
    slots=threads,
    cannot=("no WebSockets",),
)
