"""``manage.py serve``: the showcase with the aiohttp sibling and the upstream, and a link to sign in."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn

from django.core.management.base import CommandParser
from django.urls import reverse

from apps.comparisons.serving import OWN_HOST, Address, Served, Serving, serving, watch
from apps.results.console import HarnessCommand, errors_told
from apps.results.first_start import prepare
from apps.results.operators import sign_in_query
from apps.results.values import MOST_WORKERS, positive
from benchmarks.services.knowledge import DEFAULT_PORT as UPSTREAM_PORT
from benchmarks.services.listening import port_number

EXAMPLES = """
examples:
  manage.py serve                                        http://127.0.0.1:8000/, and a link to sign in
  manage.py serve --port 8080 --workers 2                on another port, in two processes
  manage.py serve --no-database                          starts two seconds sooner; the sibling has no database then
  manage.py serve --port 8100 --sibling-port 8101 --upstream-port 8102
                                                         a second one beside the first
"""
SHOWCASE_PORT, SIBLING_PORT = 8000, 8001


class Command(HarnessCommand):
    help = "Serve the pages, with everything that they can use; Ctrl-C stops all of it."
    epilog = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=OWN_HOST, help="a loopback address (%(default)s)")
        for option, default, what in (
            ("--port", SHOWCASE_PORT, "of the pages"),
            ("--sibling-port", SIBLING_PORT, "of the aiohttp sibling"),
            ("--upstream-port", UPSTREAM_PORT, "of the upstream"),
        ):
            parser.add_argument(option, type=port_number, default=default, metavar="N", help=f"{what} (%(default)s)")
        parser.add_argument(
            "--workers", type=positive(int, MOST_WORKERS), default=1, metavar="N", help="processes of the showcase (1)"
        )
        parser.add_argument(
            "--no-database", action="store_true", help="without a PostgreSQL for the sibling's database variants"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = Serving(
            showcase=Address(options["host"], options["port"], "--port"),
            sibling=Address(OWN_HOST, options["sibling_port"], "--sibling-port"),
            upstream=Address(OWN_HOST, options["upstream_port"], "--upstream-port"),
            workers=options["workers"],
            database=not options["no_database"],
        )
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                signal.signal(number, _interrupt)
        with errors_told():
            try:
                wanted.check()
                prepare()
                with serving(wanted, self._say) as served:
                    try:
                        self._serve(wanted, served)
                    finally:
                        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                            signal.signal(number, signal.SIG_IGN)  # once is enough
                        self._say("stopping")
            except KeyboardInterrupt:
                self._say("stopped")

    def _serve(self, wanted: Serving, served: Served) -> None:
        pages = wanted.showcase.url
        self._say(
            f"pages      {pages}/\n"
            f"sign in    {pages}{reverse('sign-in')}{sign_in_query()}\n"
            "           once, within ten minutes; another one: python manage.py signinlink"
            + ("" if wanted.showcase.port == SHOWCASE_PORT else f" --base-url {pages}")
            + f"\nsibling    {wanted.sibling.url}/  aiohttp"
            + (", with a PostgreSQL of its own" if wanted.database else ", without a database")
            + f"\nupstream   {wanted.upstream.url}/\n"
            "Ctrl-C stops all of it."
        )
        with open(served.showcase.log, errors="replace") as log:
            watch(served, log, self._pass_on)

    def _say(self, text: str) -> None:
        self._pass_on(f"{text}\n")

    def _pass_on(self, text: str) -> None:
        """A terminal that is gone must not keep anything from being stopped."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM and a closed terminal end it as Ctrl-C does."""
    raise KeyboardInterrupt
