"""What the commands of this project share: a console, and how an error of the harness ends a command."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.scenarios.claims import CLAIMS, READINESS
from apps.scenarios.evidence import Finding
from benchmarks.exceptions import CrossoverError, UsageError
from benchmarks.reports.terminal import WIDEST, Output

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def open_console() -> Output:
    """Tables as wide as the terminal is; where there is none, as wide as they want to be."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a × that cannot be shown must not cost the tables
    console = Output()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDEST
    return console


def print_findings(console: Console, findings: Mapping[str, Finding]) -> None:
    """What became of each claim that is about speed, with its numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title="The essay's claims", title_justify="left")
    for heading in ("", "today", "the claim, and what was measured"):
        table.add_column(heading, overflow="fold", vertical="top")
    for name, finding in findings.items():
        if CLAIMS[name].unjudged != READINESS:
            lines = "".join(f"\n  {line}" for line in finding.details)
            told = Text.assemble((CLAIMS[name].text, "italic"), f"\n{finding.numbers}{lines}\n")
            table.add_row(name, Text(str(finding.state), "bold"), told)
    console.print(table)


class HarnessCommand(BaseCommand):
    """A command whose ``--help`` ends with examples, as they were written."""

    epilog = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=self.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )


@contextmanager
def errors_told() -> Iterator[None]:
    """Errors of the harness become CommandError, with what to do next and the exit code that fits."""
    try:
        yield
    except CrossoverError as error:
        hint = error.hint
        if hint:
            hint = f"\n{hint[0].upper()}{hint[1:]}{'' if hint.endswith('?') else '.'}"
        code = EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
        raise CommandError(f"{error}{hint}", returncode=code) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EFBIG):
            raise
        with open(os.devnull, "w") as nowhere:  # what is still buffered cannot be written either
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise CommandError(f"The output cannot be written: {error.strerror}.") from error
    except DatabaseError as error:
        raise CommandError(
            f"The showcase's database cannot be used: {error}\n"
            "Is the disk full, or RESULTS_DATABASE_URL wrong? Runs are stored there."
        ) from error
