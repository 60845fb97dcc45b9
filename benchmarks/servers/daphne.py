"""Daphne, the first ASGI server: Twisted on asyncio's loop."""

from benchmarks.servers.base import ENTRY_POINTS, Interface, Server, replicated, workers_or_one

SERVER = Server(
    name="daphne",
    interface=Interface.ASGI,
    summary="daphne, one process: Twisted on asyncio's own loop",
    # Verbosity 0: no access log. Twisted keeps an idle connection for 60 s and has no option for that.
    command=lambda hosting: replicated(
        *(hosting, "-m", "daphne", "--fd", "{fd}", "--verbosity", "0", ENTRY_POINTS[Interface.ASGI]),
    ),
    workers=workers_or_one,
    cannot=(
        "no lifespan, so nothing is opened once per process before the first request",
        "asyncio's own loop, no option for uvloop",
        "HTTP is parsed in Python",
    ),
    lifespan=False,
    settable=frozenset({"workers"}),
    requires=("daphne",),
    pip_line="pip install daphne",
)
