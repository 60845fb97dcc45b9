"""``manage.py checkfastlane``: is the fast lane as fast as it has to be?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.text import Text

from apps.results.console import EXIT_FAILED, EXIT_INTERRUPTED, HarnessCommand, errors_told, open_console
from apps.results.fastlane import Finding, Outcome, carry_out, plan_of
from apps.results.values import SHORTEST_S, positive, several
from apps.scenarios.fastlane_targets import ROWS, SETUPS, Figure, Row
from benchmarks import environment
from benchmarks.estimate import estimate_s
from benchmarks.events import Event, Listener, Step
from benchmarks.exceptions import CrossoverError, UsageError
from benchmarks.plan import Plan, choose
from benchmarks.record import RunRecord, write
from benchmarks.reports.figures import NONE, times
from benchmarks.reports.progress import progress

ROUNDS, DURATION_S = 9, 1.0
PACKAGES = ("django", "asgiref", "uvicorn", "uvloop", "aiohttp", "gunicorn", "psycopg")
STYLES = {
    Outcome.OK: "green",
    Outcome.AIM: "bold green",
    Outcome.BELOW: "bold red",
    Outcome.ABOVE: "bold red",
    Outcome.NOT_MEASURED: "bold red",
    Outcome.SHORT: "yellow",
    Outcome.SHOWN: "dim",
}
ROW_NAMES = "\n".join(f"  {row.name:15} {row.work}, {row.concurrency:,} connections" for row in ROWS)
SETUP_NAMES = "\n".join(f"  {name:22} {setup.server} with {setup.summary}" for name, setup in SETUPS.items())
EPILOG = f"""
rows, each of whose contenders run in turns on servers beside each other, one core for the server:
{ROW_NAMES}

servers with settings of their own:
{SETUP_NAMES}

A line says the median of the rounds' ratios and its 95 % interval, what is asked of it, and what became of it. The
median is judged. Exit code 1 when an "at least" is not reached or could not be measured; an aim is none.
Nothing is stored, and nothing else may run on the machine.

examples:
  manage.py checkfastlane                                    all rows, a quarter of an hour
  manage.py checkfastlane --rows hello,hello-seven           two of them
  manage.py checkfastlane --rows asleep --rounds 1           threads of the server, no ratios
  manage.py checkfastlane --json > fastlane.json             as data; what is going on goes to the error stream
  manage.py checkfastlane --records out && manage.py importrun out/*.json   and store each row as a run
"""


class Command(HarnessCommand):
    help = "Measure what the fast lane has to reach, and say whether it does."
    epilog = EPILOG
    requires_system_checks = ("scenarios",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=several(str), metavar="NAMES", help="only these, with commas between (all)")
        parser.add_argument(
            "--rounds", type=positive(int, 1000), default=ROUNDS, help="of each contender (%(default)s)"
        )
        parser.add_argument(
            "--duration",
            type=positive(float, 3600, least=SHORTEST_S),
            default=DURATION_S,
            metavar="S",
            help="seconds of a round, or longer where answers are few (%(default)s)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
        parser.add_argument("--records", type=Path, metavar="FOLDER", help="write the run of each row there, too")

    def handle(self, *args: Any, **options: Any) -> None:
        console, aside = open_console(), Console(stderr=True)
        findings: list[Finding] = []
        with errors_told():
            plans = plans_of(options["rows"], options["rounds"], options["duration"])
            if options["records"]:
                make_folder(options["records"])
            around = environment.describe()
            if not options["json"]:
                console.print(machine(around), highlight=False, soft_wrap=True)
            expected_s = sum(estimate_s(plan) for _, plan in plans)
            aside.print(f"{len(plans)} rows: about {expected_s / 60:.0f} min. Ctrl-C stops it.", highlight=False)
            for row, plan in plans:
                record, found = self._measure(aside, row, plan)
                findings += found
                for reason in dict.fromkeys(finding.told for finding in found if finding.value is None):
                    aside.print(Text(f"{row.name}: {reason}", "red"), soft_wrap=True)
                if not options["json"]:
                    for finding in found:
                        console.print(line(finding), highlight=False, soft_wrap=True)
                if options["records"] and record:
                    write(record, options["records"] / f"{row.name}.json")
        if options["json"]:
            self.stdout.write(json.dumps(told(around, options, findings), indent=1, ensure_ascii=False))
        judge(findings)

    def _measure(self, aside: Console, row: Row, plan: Plan) -> tuple[RunRecord | None, list[Finding]]:
        """A row that cannot be measured is told as such, and the others are measured all the same."""
        try:
            with listening(aside, row, plan) as listener:
                return carry_out(row, plan, listener)
        except KeyboardInterrupt:
            self.stderr.write(self.style.WARNING(f"Interrupted in {row.name}."))
            raise SystemExit(EXIT_INTERRUPTED) from None
        except CrossoverError as error:
            return None, [Finding(row, measure, told=str(error)) for measure in row.measures]


def plans_of(names: Sequence[str] | None, rounds: int, duration_s: float) -> list[tuple[Row, Plan]]:
    """The rows that are wanted, in the table's order. Raises UnknownName."""
    for name in names or ():
        choose("row", name, (row.name for row in ROWS))
    return [(row, plan_of(row, rounds, duration_s)) for row in ROWS if not names or row.name in names]


def make_folder(folder: Path) -> None:
    """Before anything is measured. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--records {folder}: {error.strerror}", hint="name a folder that can be made") from error


@contextmanager
def listening(aside: Console, row: Row, plan: Plan) -> Iterator[Listener]:
    """On a terminal the display that every run has; elsewhere a line, for hundreds of rounds would bury the figures."""
    if aside.is_terminal:
        with progress(aside) as display:
            display(Step(row.name))
            yield display
        return
    contenders = ", ".join(map(str, plan.contenders))
    aside.print(f"{row.name}: {plan.rounds} × {plan.duration_s:g} s of {contenders}", highlight=False, soft_wrap=True)

    def ignore(event: Event) -> None:
        pass

    yield ignore


def machine(around: Mapping[str, Any]) -> str:
    """Where it was measured, on one line."""
    packages = around["packages"]
    versions = [f"{name} {packages[name]}" for name in PACKAGES if packages.get(name)]
    changed = " and changes" if around["dirty"] else ""
    commit = [f"commit {around['commit'][:10]}{changed}"] if around["commit"] else []
    return ", ".join([f"Python {around['python']}", *versions, around["cpu"], f"{around['cpu_count']} CPUs", *commit])


def line(finding: Finding) -> Text:
    """A measure on one line."""
    row, measure = finding.row, finding.measure
    who = f"{measure.ours} ÷ {measure.theirs}" if measure.theirs else f"{measure.ours}, threads more than at rest"
    asked = f"at most {measure.at_most:g}" if measure.at_most is not None else f"at least {_or_none(measure.at_least)}"
    return Text.assemble(
        (f"{row.name:15} ", "bold"),
        f"{who:66} {figure(finding):>23}  {asked:13}  aim {_or_none(measure.aim):5} ",
        (f"{finding.outcome:15} ", STYLES[finding.outcome]),
        (finding.told.partition("\n")[0], "dim"),
    )


def figure(finding: Finding) -> str:
    """The median and its interval, with their unit."""
    if finding.value is None:
        return NONE
    if finding.row.figure is Figure.THREADS:
        return f"{finding.value:,.0f} {Figure.THREADS}"
    bounds = f" ({'–'.join(map(_exact, finding.interval))})" if finding.interval else ""
    return f"{_exact(finding.value)} ×{bounds}"


def told(around: Mapping[str, Any], options: Mapping[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """All of it as data."""
    return {
        "environment": dict(around),
        "rounds": options["rounds"],
        "duration_s": options["duration"],
        "reached": not any(finding.failed for finding in findings),
        "measures": [
            {
                "row": finding.row.name,
                "work": finding.row.work,
                "connections": finding.row.concurrency,
                **vars(finding.measure),
                "unit": str(finding.row.figure),
                "value": finding.value,
                "interval": finding.interval,
                "rounds": finding.rounds,
                "outcome": str(finding.outcome),
                "told": finding.told,
            }
            for finding in findings
        ],
    }


def judge(findings: Sequence[Finding]) -> None:
    """Raises CommandError when something that has to be reached was not."""
    failed = [finding for finding in findings if finding.failed]
    if failed:
        names = ", ".join(dict.fromkeys(finding.row.name for finding in failed))
        bound = sum(finding.measure.is_bound for finding in findings)
        raise CommandError(f"{len(failed)} of {bound} targets not reached: {names}.", returncode=EXIT_FAILED)


def _or_none(value: float | None) -> str:
    return NONE if value is None else f"{value:g}"


def _exact(value: float) -> str:
    """Three digits, so that a figure just below its target does not look like it."""
    return f"{value:.3f}" if value < 1 else times(value)
