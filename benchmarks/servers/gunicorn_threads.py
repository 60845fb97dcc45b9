"""Gunicorn's gthread worker with as many threads as connections: the fair rival that async has to beat."""

from benchmarks.servers.base import MOST_CONNECTIONS, Hosting, Interface, Server, gunicorn, workers_or_one


def slots(hosting: Hosting) -> int:
    return workers_or_one(hosting) * hosting.threads


SERVER = Server(
    name="gunicorn-threads",
    interface=Interface.WSGI,
    summary="gunicorn, gthread worker: one process, as many threads as connections",
    # gthread keeps as many connections alive as it may have, less its threads; its default is 1,000 in all, so that
    # with a thousand threads it would close every one.
    command=lambda hosting: gunicorn(
        *(hosting, "--worker-class", "gthread", "--workers", str(workers_or_one(hosting))),
        *("--threads", str(hosting.threads), "--worker-connections", str(MOST_CONNECTIONS + hosting.threads)),
    ),
    workers=workers_or_one,
    threads=lambda hosting: hosting.threads,
    slots=slots,
    cannot=("no WebSockets",),
    settable=frozenset({"workers", "threads"}),
)
