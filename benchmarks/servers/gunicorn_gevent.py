"""Gunicorn's gevent worker: sync code on greenlets, the third way beside threads and a rewrite."""

from benchmarks.servers.base import MOST_CONNECTIONS, Interface, Server, gunicorn, workers_or_one

SERVER = Server(
    name="gunicorn-gevent",
    interface=Interface.WSGI,
    summary="gunicorn, gevent worker: one process, sync code unchanged, a greenlet per connection",
    # It patches the standard library in the worker, before that imports the application. A greenlet is held for as
    # long as a connection is open; its default of 1,000 would leave all others in the backlog.
    command=lambda hosting: gunicorn(
        *(hosting, "--worker-class", "gevent", "--workers", str(workers_or_one(hosting))),
        *("--worker-connections", str(MOST_CONNECTIONS)),
    ),
    workers=workers_or_one,
    cannot=(
        "no WebSockets",
        "gevent's own loop (libev), not uvloop",
        "psycopg waits in Python here, elsewhere in C",
        "a greenlet gives way only where it has to wait: who asks again at once may be served again before the others",
        "what waits outside Python's own sockets (C libraries, files) stops all of them",
    ),
    settable=frozenset({"workers"}),
    requires=("gevent",),
    pip_line="pip install gevent",
)
