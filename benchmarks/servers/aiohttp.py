"""The sibling service on aiohttp's own server, on the same event loop as uvicorn."""

from benchmarks.servers.base import ENTRY_POINTS, KEEP_ALIVE_S, Interface, Server, replicated, workers_or_one

SERVER = Server(
    name="aiohttp",
    interface=Interface.AIOHTTP,
    summary="aiohttp's own server, one process; no Django in it",
    command=lambda hosting: replicated(
        *(hosting, "-m", ENTRY_POINTS[Interface.AIOHTTP], "--fd", "{fd}", "--keep-alive", str(KEEP_ALIVE_S)),
    ),
    workers=workers_or_one,
    cannot=("no Django, so none of its middlewares",),
    settable=frozenset({"workers"}),
)
