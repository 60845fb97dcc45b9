"""``manage.py checkinstrument``: does the instrument find what is known beforehand?"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.text import Text

from apps.results.console import EXIT_FAILED, errors_told, open_console
from benchmarks.instrument import Check, check_instrument
from benchmarks.wrk import installed

EPILOG = """
A server with known delays is measured, first by the generator alone, then by the whole harness.
Half a minute; nothing is stored. Exit code 1 when a check fails: is something else running on this machine?
"""


class Command(BaseCommand):
    help = "Make the instrument measure what is known beforehand, and say whether it found it."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console, failed, has_wrk = open_console(), 0, installed()
        with errors_told(), console.status("starting") as status:
            for check in check_instrument(status.update, has_wrk):
                console.print(_line(check))
                failed += not check.passed
        if not has_wrk:
            console.print("wrk is not installed here, so nothing was held against it (apt install wrk).")
        if failed:
            raise CommandError(f"{failed} checks failed: do not trust figures from here yet.", returncode=EXIT_FAILED)
        console.print("The instrument found what was known beforehand.")


def _line(check: Check) -> Text:
    mark, style = ("ok", "green") if check.passed else ("FAILED", "red")
    return Text.assemble((f"{mark:7}", style), (f"{check.name}: ", "bold"), check.said)
