"""Granian, ASGI: HTTP in Rust, Django on uvloop."""

from benchmarks.servers.base import Interface, Server, granian, workers_or_one

SERVER = Server(
    name="granian-asgi",
    interface=Interface.ASGI,
    summary="granian (Rust), ASGI: one process, uvloop",
    # Left to itself it would prefer rloop, where that is installed.
    command=lambda hosting: granian(hosting, Interface.ASGI, "--loop", "uvloop"),
    workers=workers_or_one,
    cannot=("HTTP is read and written in Rust, in a thread beside Python's",),
    socket="bind",
    settable=frozenset({"workers"}),
    requires=("granian", "uvloop"),
    pip_line="pip install granian uvloop",
)
