"""``manage.py compareruns A B``: what changed from one run to another."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.results.console import HarnessCommand, errors_told, open_console
from apps.results.first_start import prepare
from apps.results.sources import find_run
from benchmarks.reports.terminal import print_comparison
from benchmarks.stats.comparison import compare

EXAMPLES = """
examples:
  manage.py compareruns 3 7                  two stored runs
  manage.py compareruns before.json latest   an exported file and the newest run
"""


class Command(HarnessCommand):
    help = "Show what changed from one run to another: only cells that both have, changed ones first."
    epilog = EXAMPLES
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("earlier", help="a run's number, 'latest', or a file that runbench --json wrote")
        parser.add_argument("later", help="the same, for the run that it is compared with")

    def handle(self, *args: Any, **options: Any) -> None:
        with errors_told():
            prepare()
            (before, earlier), (after, later) = (find_run(options[name]) for name in ("earlier", "later"))
            print_comparison(open_console(), compare(earlier, later), before, after)
