"""``manage.py runbench``: run contenders against each other on real servers."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from rich.console import Console

from apps.results.first_start import prepare
from apps.results.store import Store, mark_abandoned
from apps.scenarios.planning import DEFAULT_CONTENDERS, DEFAULT_SCENARIOS, build_plan
from apps.scenarios.registry import scenarios
from benchmarks.events import Event
from benchmarks.exceptions import CrossoverError, UsageError
from benchmarks.plan import Middleware, Plan
from benchmarks.record import RunRecord, State, write
from benchmarks.reports.progress import progress
from benchmarks.reports.terminal import WIDEST, Output, print_run
from benchmarks.runner import Runner
from benchmarks.servers import load_servers
from benchmarks.services.database import check_choice

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
EXAMPLES = """
examples:
  manage.py runbench                                     all defaults, about two minutes
  manage.py runbench fan_out --concurrency 8,64          one scenario at two load levels
  manage.py runbench orm_read --contender sync@gunicorn-threads --contender async@uvicorn
  manage.py runbench --middleware none --json run.json   framework against framework, kept in a file
  manage.py runbench --list                              what there is to choose from
"""


def positive(kind: type[int] | type[float], highest: float) -> Any:
    """An argparse type: a number above zero, with a bound that keeps a slip of the keyboard harmless."""

    def parse(text: str) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        if not 0 < number <= highest:
            raise argparse.ArgumentTypeError(f"{text} is out of range: above 0, at most {highest:g}")
        return number

    return parse


def levels(text: str) -> tuple[int, ...]:
    """An argparse type: ``8,64`` → (8, 64)."""
    return tuple(dict.fromkeys(positive(int, 20_000)(word) for word in text.split(",")))


def seed(text: str) -> int:
    """An argparse type: a whole number that every place that keeps it can hold."""
    if not text.isdigit() or int(text) >= 2**53:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**53 - 1}")
    return int(text)


def check_target(target: Path) -> None:
    """Raises UsageError, before anything is measured, for a file that could not be written at the end."""
    folder = target.resolve().parent
    if target.is_dir():
        raise UsageError(f"--json {target}: that is a folder", hint="name a file")
    if not folder.is_dir():
        raise UsageError(f"--json {target}: there is no folder {folder}", hint="make it, or name another file")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--json {target}: {folder} may not be written to", hint="name another file")


class Command(BaseCommand):
    help = "Run the contenders against each other on real servers and show what was measured."
    requires_system_checks = ("scenarios",)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", nargs="*", help=f"scenarios to run (default: {' '.join(DEFAULT_SCENARIOS)})")
        parser.add_argument(
            "--contender",
            action="append",
            metavar="VARIANT@SERVER",
            help=f"a variant on a server; may be given several times (default: {' '.join(DEFAULT_CONTENDERS)})",
        )
        parser.add_argument(
            "--concurrency",
            type=levels,
            metavar="N[,N…]",
            help="connections, each with one request under way (the card's)",
        )
        parser.add_argument(
            "--duration", type=positive(float, 3600), metavar="S", help="seconds a round measures (0.5)"
        )
        parser.add_argument("--rounds", type=positive(int, 1000), metavar="N", help="rounds per cell (5)")
        parser.add_argument("--seed", type=seed, metavar="N", help="for requests, order and upstream latencies (1)")
        parser.add_argument(
            "--middleware", metavar="SET", help=f"{' or '.join(Middleware)}: what stands before Django's views"
        )
        parser.add_argument("--database", metavar="CHOICE", help="embedded (default), sqlite, or a PostgreSQL URL")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the run to a file, too")
        parser.add_argument("--list", action="store_true", help="list scenarios, variants and servers, and stop")
        parser.add_argument("--dry-run", action="store_true", help="show what would be run, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a × that cannot be shown must not cost the tables
        console = Output()
        if not console.is_terminal:
            console.width = WIDEST
        try:
            if options["list"]:
                self._list(console)
                return
            plan = self._plan(options)
            if options["dry_run"]:
                self._show(console, plan)
                return
            self._run(console, plan, options["json"])
        except CrossoverError as error:
            self._give_up(error)
        except DatabaseError as error:
            raise CommandError(
                f"The showcase's database cannot be used: {error}\n"
                "Is the disk full, or RESULTS_DATABASE_URL wrong? Runs are stored there."
            ) from error

    def _plan(self, options: dict[str, Any]) -> Plan:
        wanted: dict[str, Any] = {
            "concurrencies": options["concurrency"],
            "duration_s": options["duration"],
            "rounds": options["rounds"],
            "seed": options["seed"],
            "middleware": options["middleware"],
            "database": os.environ.get("CROSSOVER_DATABASE_URL")
            if options["database"] is None
            else options["database"],
        }
        if wanted["database"] is None:
            wanted["database"] = os.environ.get("CROSSOVER_DATABASE_URL") or None
        given = {name: value for name, value in wanted.items() if value is not None}
        check_choice(given.get("database", "embedded"))
        target: Path | None = options["json"]
        if target is not None:
            check_target(target)
        return build_plan(options["scenario"], options["contender"] or (), **given)

    def _run(self, console: Console, plan: Plan, target: Path | None) -> None:
        prepare()
        mark_abandoned()
        counts = {"scenario": plan.workloads, "contender": plan.contenders, "round": range(plan.rounds)}
        about = ", ".join(f"{len(items)} {name}{'s' * (len(items) != 1)}" for name, items in counts.items())
        console.print(f"{about}: about {plan.estimate_s():.0f} s. Ctrl-C stops it and keeps what was measured.")
        store = Store()
        record, error = self._measure(console, plan, store)
        print_run(console, record)
        if store.run is not None:
            console.print(f"\nStored as run {store.run.pk} in the showcase's database; it took {record.wall_s:.0f} s.")
        if target is not None:
            write(record, target)
            console.print(f"Written to {target}.")
        if isinstance(error, KeyboardInterrupt):
            self.stderr.write(self.style.WARNING("Interrupted: what was measured until then is kept as aborted."))
            raise SystemExit(EXIT_INTERRUPTED)
        if error is not None:
            raise error
        self._judge(record)

    def _measure(
        self, console: Console, plan: Plan, store: Store
    ) -> tuple[RunRecord, KeyboardInterrupt | CrossoverError | None]:
        """Carry the plan out; returns what was measured, and what ended it before its time."""
        with progress(console) as display:

            def listen(event: Event) -> None:
                store(event)
                display(event)

            runner = Runner(plan, listen)
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                    signal.signal(number, _interrupt)
            error: KeyboardInterrupt | CrossoverError | None = None
            try:
                runner.run()
            except (KeyboardInterrupt, CrossoverError) as caught:
                error = caught
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is stopped and stored; let the tables be printed
        return runner.record, error

    def _judge(self, record: RunRecord) -> None:
        """Say on the error stream what scripts must not miss."""
        void = [cell for cell in record.cells if cell.state is State.VOID]
        if void:
            self.stderr.write(self.style.WARNING(f"{len(void)} of {len(record.cells)} cells are void and not ranked."))
        failed = [cell for cell in record.cells if cell.state is State.FAILED]
        if failed:
            raise CommandError(f"{len(failed)} of {len(record.cells)} cells failed; see above.", returncode=EXIT_FAILED)

    def _list(self, console: Console) -> None:
        for card in scenarios().values():
            console.print(f"[bold]{card.name}[/bold]  {card.title}. {card.question}")
            for variant in card.variants:
                told = f"not applicable: {variant.not_applicable}" if variant.not_applicable else variant.summary
                console.print(f"    {variant.name:10} {told}")
        console.print("[bold]servers[/bold]")
        for server in load_servers().values():
            missing = f" (not installed: {server.pip_line})" if server.missing() else ""
            console.print(f"    {server.name:18} {server.interface:8} {server.summary}{missing}")

    def _show(self, console: Console, plan: Plan) -> None:
        for workload in plan.workloads:
            console.print(f"[bold]{workload.scenario}[/bold]  {workload.title}")
            for cell in plan.cells(workload):
                excuse = workload.excused.get(str(cell.contender), "")
                console.print(
                    f"    {cell.contender} at {cell.concurrency} connections" + (f": {excuse}" if excuse else "")
                )
        rounds = f"{plan.rounds} rounds of {plan.duration_s:g} s after {plan.warmup_s:g} s of warm-up"
        console.print(f"{rounds}, seed {plan.seed}, middleware {plan.middleware}: about {plan.estimate_s():.0f} s.")

    def _give_up(self, error: CrossoverError) -> NoReturn:
        hint = error.hint
        if hint:
            hint = f"\n{hint[0].upper()}{hint[1:]}{'' if hint.endswith('?') else '.'}"
        code = EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
        raise CommandError(f"{error}{hint}", returncode=code) from error


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM and a closed terminal end a run as Ctrl-C does."""
    raise KeyboardInterrupt
