"""``manage.py signinlink``: a link that signs the local operator in, once."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser
from django.urls import reverse

from apps.results.console import HarnessCommand, errors_told
from apps.results.first_start import prepare
from apps.results.operators import sign_in_query

EXAMPLES = """
examples:
  manage.py signinlink                                        for the pages on port 8000
  manage.py signinlink --base-url http://127.0.0.1:8080       for those on another port
"""


def base_url(text: str) -> str:
    """``http://127.0.0.1:8000``: a scheme, a host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        known = False
    if not known or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise argparse.ArgumentTypeError(f"{text!r} is not understood: write http://127.0.0.1:8000")
    return f"{parts.scheme}://{parts.netloc}"


class Command(HarnessCommand):
    help = "Print a link that signs the local operator in: it works once, and for ten minutes."
    epilog = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base-url",
            type=base_url,
            default="http://127.0.0.1:8000",
            metavar="URL",
            help="where the pages are served (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
        with errors_told():
            query = sign_in_query()
        self.stdout.write(f"{options['base_url']}{reverse('sign-in')}{query}")
        minutes = settings.SESAME_MAX_AGE // 60
        self.stderr.write(f"It works once, within {minutes} minutes. Whoever has it may start races on this machine.")
