"""Uvicorn with stock Django: one event loop per process, and one process unless told otherwise."""

from benchmarks.servers.base import ENTRY_POINTS, Interface, Server, uvicorn, workers_or_one

SERVER = Server(
    name="uvicorn",
    interface=Interface.ASGI,
    summary="uvicorn, one process; sync views get a thread per request from asgiref",
    command=lambda hosting: uvicorn(hosting, ENTRY_POINTS[Interface.ASGI]),
    workers=workers_or_one,
    settable=frozenset({"workers"}),
)
