"""Hypercorn: HTTP parsed in Python (h11), on uvloop."""

from benchmarks.servers.base import BACKLOG, ENTRY_POINTS, KEEP_ALIVE_S, Hosting, Interface, Server, workers_or_one


class Settings:
    """What has no option on its command line: it would close every connection after 1,000 requests."""

    keep_alive_max_requests = 1_000_000_000


def command(hosting: Hosting) -> tuple[str, ...]:
    workers = workers_or_one(hosting)
    return (
        *(hosting.python, "-m", "hypercorn", ENTRY_POINTS[Interface.ASGI], "--bind", "fd://{fd}"),
        *("--config", f"python:{__name__}.{Settings.__name__}", "--backlog", str(BACKLOG)),
        # 0: no supervisor, as uvicorn has none for one worker.
        *("--worker-class", "uvloop", "--workers", str(workers if workers > 1 else 0)),
        *("--keep-alive", str(KEEP_ALIVE_S), "--graceful-timeout", "1", "--log-level", "WARNING"),
    )


SERVER = Server(
    name="hypercorn",
    interface=Interface.ASGI,
    summary="hypercorn, one process, uvloop",
    command=command,
    workers=workers_or_one,
    cannot=("HTTP is parsed in Python (h11), in uvicorn in C",),
    settable=frozenset({"workers"}),
    requires=("hypercorn", "uvloop"),
    pip_line="pip install hypercorn uvloop",
)
