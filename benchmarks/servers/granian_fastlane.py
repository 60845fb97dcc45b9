"""Granian with the fast lane: HTTP in Rust, and Django's ASGI handler replaced."""

from benchmarks.servers.base import FASTLANE, Interface, Server, granian, workers_or_one

SERVER = Server(
    name="granian-fastlane",
    interface=Interface.ASGI,
    summary="granian (Rust), ASGI, the fast lane's handler: one process, uvloop",
    # Left to itself it would prefer rloop, where that is installed.
    command=lambda hosting: granian(hosting, Interface.ASGI, "--loop", "uvloop", entry_point=FASTLANE),
    workers=workers_or_one,
    fastlane=True,
    cannot=("HTTP is read and written in Rust, in a thread beside Python's",),
    socket="bind",
    settable=frozenset({"workers"}),
    requires=("granian", "uvloop"),
    pip_line="pip install granian uvloop",
)
