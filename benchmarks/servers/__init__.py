"""One file per server; adding a file adds a server. ``load_servers`` finds them."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.servers.base import Server

NOT_SERVERS = {"base", "process"}


def load_servers() -> dict[str, Server]:
    """Every server by its name, which is its file's name with hyphens."""
    servers = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name in NOT_SERVERS or module.ispkg:
            continue
        server: Server = importlib.import_module(f"{__name__}.{module.name}").SERVER
        expected = module.name.replace("_", "-")
        if server.name != expected:
            raise ValueError(f"benchmarks/servers/{module.name}.py names its server {server.name!r}, not {expected!r}")
        servers[server.name] = server
    return servers
