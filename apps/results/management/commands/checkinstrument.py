"""``manage.py checkinstrument``: does the instrument find what is known beforehand?"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from math import comb
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.text import Text

from apps.results.console import EXIT_FAILED, HarnessCommand, errors_told, open_console
from apps.results.values import positive
from apps.scenarios.planning import build_plan
from benchmarks.instrument import Check, check_instrument
from benchmarks.self_comparison import check_comparing, same_twice
from benchmarks.wrk import installed

SUBJECT = "plaintext"
SUBJECTS = ("sync@gunicorn-threads", "async@uvicorn", "aiohttp@aiohttp")
LIKELY = 0.98
NO_DIFFERENCE, A_DIFFERENCE, VOID = "no difference seen", "a difference was seen", "void"
EPILOG = """
A server with known delays is measured, first by the generator alone, then by the whole harness.
Half a minute; nothing is stored. Exit code 1 when a check fails: is something else running on this machine?

examples:
  manage.py checkinstrument           known delays, a known stall, 10 ms against 11 ms
  manage.py checkinstrument --aa 20   real contenders against themselves: are the 95 % intervals right? five minutes
"""


class Command(HarnessCommand):
    help = "Make the instrument measure what is known beforehand, and say whether it found it."
    epilog = EPILOG
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--aa",
            type=positive(int, 1000),
            metavar="N",
            help="instead: N runs of real contenders, each against itself; about 15 s a run",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["aa"]:
            self._check_calibration(options["aa"])
            return
        console, failed, has_wrk = open_console(), 0, installed()
        with errors_told(), console.status("starting") as status:
            for check in chain(check_instrument(status.update, has_wrk), check_comparing(status.update)):
                console.print(_line(check))
                failed += not check.passed
        if not has_wrk:
            console.print("wrk is not installed here, so nothing was held against it (apt install wrk).")
        if failed:
            raise CommandError(
                f"{failed} check{'s' * (failed != 1)} failed: do not trust figures from here yet.",
                returncode=EXIT_FAILED,
            )
        console.print("The instrument found what was known beforehand.")

    def _check_calibration(self, runs: int) -> None:
        """Of intervals that hold the truth in 95 cases of 100, as many must hold 1 when a contender meets itself."""
        console, told = open_console(), Counter[str]()
        with errors_told(), console.status("starting") as status:
            for number in range(runs):
                contender = SUBJECTS[number % len(SUBJECTS)]
                status.update(f"run {number + 1} of {runs}: {contender} against itself")
                found = same_twice(build_plan([SUBJECT], [contender], seed=number + 1))
                if found is None or not found.trusted:
                    said, bounds = VOID, "too few valid rounds"
                else:
                    said = A_DIFFERENCE if found.different else NO_DIFFERENCE
                    bounds = f"{found.value:.3f} × ({found.low:.3f}–{found.high:.3f})"
                told[said] += 1
                console.print(f"{number + 1:3} of {runs}  {contender:24} {bounds}  {said}", highlight=False)
        valid = runs - told[VOID]
        allowed = most_misses(valid)
        console.print(", ".join(f"{count} of {runs}: {said}" for said, count in sorted(told.items())) + ".")
        if told[A_DIFFERENCE] > allowed:
            raise CommandError(
                f"{told[A_DIFFERENCE]} of {valid} saw a difference where there is none; at most {allowed} may.",
                returncode=EXIT_FAILED,
            )


def most_misses(runs: int) -> int:
    """As many as right 95 % intervals miss in 98 of 100 such series: 3 of 20."""
    missed, at_most = 0, 0.95**runs
    while at_most < LIKELY:
        missed += 1
        at_most += comb(runs, missed) * 0.05**missed * 0.95 ** (runs - missed)
    return missed


def _line(check: Check) -> Text:
    mark, style = ("ok", "green") if check.passed else ("FAILED", "red")
    return Text.assemble((f"{mark:7}", style), (f"{check.name}: ", "bold"), check.said)
