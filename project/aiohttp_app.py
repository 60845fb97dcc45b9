"""The sibling service: the same scenarios on aiohttp, no Django in it.

python -m project.aiohttp_app --port 8001
"""

from __future__ import annotations

import argparse

from aiohttp import web

from apps.scenarios.routes import add_aiohttp_routes
from benchmarks.services.listening import add_listen_options, run_app

DEFAULT_PORT = 8001


def make_app() -> web.Application:
    app = web.Application()
    add_aiohttp_routes(app)
    return app


def main() -> None:
    """Command line of the sibling service."""
    parser = argparse.ArgumentParser(prog="python -m project.aiohttp_app", description=__doc__)
    add_listen_options(parser, DEFAULT_PORT)
    parser.add_argument("--keep-alive", type=float, default=75.0, help="seconds an idle connection is kept")
    options = parser.parse_args()
    if options.fd is None:
        print(f"sibling service on http://{options.host}:{options.port}", flush=True)
    run_app(make_app(), fd=options.fd, host=options.host, port=options.port, keep_alive_s=options.keep_alive)


if __name__ == "__main__":
    main()
