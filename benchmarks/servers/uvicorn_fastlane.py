"""Uvicorn with the fast lane: the same server and the same views, Django's ASGI handler replaced."""

from benchmarks.servers.base import FASTLANE, Interface, Server, uvicorn, workers_or_one

SERVER = Server(
    name="uvicorn-fastlane",
    interface=Interface.ASGI,
    summary="uvicorn, one process, the fast lane's handler: a thread only for requests that need one",
    command=lambda hosting: uvicorn(hosting, FASTLANE),
    workers=workers_or_one,
    fastlane=True,
    settable=frozenset({"workers"}),
)
