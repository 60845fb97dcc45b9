"""Granian, WSGI: HTTP in Rust, Django in a pool of as many threads as gunicorn-threads has."""

from benchmarks.servers.base import Interface, Server, granian, workers_or_one

SERVER = Server(
    name="granian-wsgi",
    interface=Interface.WSGI,
    summary="granian (Rust), WSGI: one process, as many threads as connections",
    command=lambda hosting: granian(
        *(hosting, Interface.WSGI, "--blocking-threads", str(hosting.threads)),
        *("--blocking-threads-idle-timeout", "600"),  # gthread's never end
    ),
    workers=workers_or_one,
    threads=lambda hosting: hosting.threads,
    slots=lambda hosting: workers_or_one(hosting) * hosting.threads,
    cannot=(
        "no WebSockets",
        "HTTP is read and written in Rust, in a thread beside Python's",
    ),
    socket="bind",
    settable=frozenset({"workers", "threads"}),
    requires=("granian",),
    pip_line="pip install granian",
)
