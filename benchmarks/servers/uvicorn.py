"""Uvicorn with stock Django: one event loop per process, and one process unless told otherwise."""

from benchmarks.servers.base import ENTRY_POINTS, KEEP_ALIVE_S, Hosting, Interface, Server, workers_or_one


def command(hosting: Hosting) -> tuple[str, ...]:
    return (
        *(hosting.python, "-m", "uvicorn", ENTRY_POINTS[Interface.ASGI], "--fd", "{fd}"),
        *("--workers", str(workers_or_one(hosting))),
        *("--loop", "auto", "--http", "auto", "--lifespan", "on", "--no-access-log", "--log-level", "warning"),
        *("--timeout-keep-alive", str(KEEP_ALIVE_S), "--timeout-graceful-shutdown", "1"),
    )


SERVER = Server(
    name="uvicorn",
    interface=Interface.ASGI,
    summary="uvicorn, one process; sync views get a thread per request from asgiref",
    command=command,
    workers=workers_or_one,
    settable=frozenset({"workers"}),
)
