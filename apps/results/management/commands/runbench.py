"""``manage.py runbench``: run contenders against each other on real servers."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser
from rich.console import Console

from apps.reporting.exported import exported_html
from apps.results.arguments import add_load_arguments, add_question_arguments, check_target, judges, plan_options
from apps.results.commandline import command_kept
from apps.results.console import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    HarnessCommand,
    errors_told,
    open_console,
    print_findings,
)
from apps.results.first_start import prepare
from apps.results.raced import WATCHED, broadcasting, wait_for_start
from apps.results.races import measured_now
from apps.results.reports import store_reports
from apps.results.sources import find_run
from apps.results.store import Store, mark_abandoned
from apps.results.values import seed
from apps.scenarios.claims import findings
from apps.scenarios.planning import DEFAULT_CONTENDERS, DEFAULT_SCENARIOS, build_plan
from apps.scenarios.profiles import Profile
from apps.scenarios.registry import scenarios
from benchmarks.estimate import estimate_s
from benchmarks.events import Event
from benchmarks.exceptions import CrossoverError
from benchmarks.plan import Middleware, Plan
from benchmarks.record import RunRecord, State, write
from benchmarks.reports.progress import progress
from benchmarks.reports.terminal import print_comparison, print_run
from benchmarks.runner import Runner
from benchmarks.servers import load_servers
from benchmarks.services.database import check_choice
from benchmarks.stats.comparison import compare
from benchmarks.whole_file import write_whole

EXAMPLES = """
examples:
  manage.py runbench                                     all defaults, two and a half minutes
  manage.py runbench fan_out --concurrency 8,64          one scenario at two load levels
  manage.py runbench orm_read --rate 100,200             open loop: what users feel at a given rate
  manage.py runbench slow_io --sweep wait=1ms,20ms,100ms --concurrency 8,64
                                                         from which wait on async beats 16 threads
  manage.py runbench slow_io --overload                  up to twice the capacity, and the way back
  manage.py runbench orm_read --contender sync@gunicorn-threads --contender async@uvicorn
  manage.py runbench poisoned_loop --set poison_ms=1     one blocking call, and a short one
  manage.py runbench cpu_bound --workers 2               every server on two processes
  manage.py runbench --middleware none --json run.json   framework against framework, kept in a file
  manage.py runbench --html run.html                     one page to send around, works from disk
  manage.py runbench --profile claims                    the essay's claims, each with a verdict
  manage.py runbench --profile full                      every scenario there is
  manage.py runbench --list                              what there is to choose from
"""


class Command(HarnessCommand):
    help = "Run the contenders against each other on real servers and show what was measured."
    epilog = EXAMPLES
    requires_system_checks = ("scenarios",)
    words: tuple[str, ...] | None = None  # as they were typed; of a call from Python there are none

    def run_from_argv(self, argv: list[str]) -> None:
        self.words = tuple(argv[2:])
        super().run_from_argv(argv)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", nargs="*", help=f"scenarios to run (default: {' '.join(DEFAULT_SCENARIOS)})")
        parser.add_argument("--profile", metavar="NAME", help=f"instead of scenarios: {', '.join(Profile)} (default)")
        parser.add_argument(
            "--contender",
            action="append",
            metavar="VARIANT@SERVER",
            help="a variant on a server, with +none, +default or +sync-only for middlewares of its own; may be given "
            f"several times (each card's, or {' '.join(DEFAULT_CONTENDERS)})",
        )
        parser.add_argument("--seed", type=seed, metavar="N", help="for requests, order and upstream latencies (1)")
        parser.add_argument(
            "--middleware", metavar="SET", help=f"{', '.join(Middleware)}: what stands before Django's views (default)"
        )
        parser.add_argument("--database", metavar="CHOICE", help="embedded (default), sqlite, or a PostgreSQL URL")
        add_load_arguments(parser)
        add_question_arguments(parser)
        parser.add_argument(
            "--compare", metavar="RUN", help="afterwards, what changed since a stored run (its number) or a file"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the run to a file, too")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write it as one page that works from disk, too")
        parser.add_argument("--list", action="store_true", help="list scenarios, variants and servers, and stop")
        parser.add_argument("--race", type=int, help=argparse.SUPPRESS)  # the pages' own, see apps/results/races.py
        parser.add_argument("--dry-run", action="store_true", help="show what would be run, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        console = open_console()
        with errors_told():
            if options["list"]:
                self._list(console)
                return
            if options["race"] is not None:
                wait_for_start()
            plan = self._plan(options)
            if options["dry_run"]:
                self._show(console, plan)
                return
            prepare()
            earlier = find_run(options["compare"]) if options["compare"] is not None else None
            self._run(console, plan, options, earlier)

    def _plan(self, options: dict[str, Any]) -> Plan:
        given = plan_options(options)
        check_choice(given.get("database", "embedded"))
        for option in ("json", "html"):
            if options[option] is not None:
                check_target(f"--{option}", options[option])
        return build_plan(options["scenario"], options["contender"] or (), **given)

    def _run(
        self, console: Console, plan: Plan, options: dict[str, Any], earlier: tuple[str, RunRecord] | None
    ) -> None:
        target: Path | None = options["json"]
        mark_abandoned()
        names = {workload.scenario for workload in plan.workloads}
        counts = {"scenario": names, "contender": plan.contenders, "round": range(plan.rounds)}
        about = ", ".join(f"{len(items)} {name}{'s' * (len(items) != 1)}" for name, items in counts.items())
        console.print(f"{about}: about {estimate_s(plan):.0f} s. Ctrl-C stops it and keeps what was measured.")
        store = Store()
        record, error = self._measure(console, plan, store, options["race"])
        print_run(console, record)
        if judges(options):
            print_findings(console, findings(record))
        if store.run is not None:
            store_reports(store.run, record)  # so that no page has to
            console.print(f"\nStored as run {store.run.pk} in the showcase's database; it took {record.wall_s:.0f} s.")
        if target is not None:
            write(record, target)
            console.print(f"Written to {target}.")
        if (page := options["html"]) is not None:
            title = f"Crossover run {store.run.pk}" if store.run else "A Crossover run"
            write_whole(exported_html(record, title), page)
            console.print(f"Written to {page}.")
        if earlier is not None:
            print_comparison(console, compare(earlier[1], record), earlier[0], "this run")
        if isinstance(error, KeyboardInterrupt):
            self.stderr.write(self.style.WARNING("Interrupted: what was measured until then is kept as aborted."))
            raise SystemExit(EXIT_INTERRUPTED)
        if error is not None:
            raise error
        self._judge(record)

    def _measure(
        self, console: Console, plan: Plan, store: Store, race: int | None
    ) -> tuple[RunRecord, KeyboardInterrupt | CrossoverError | None]:
        """Carry the plan out; returns what was measured, and what ended it before its time."""
        with progress(console) as display, broadcasting(race, lambda: store.run) as broadcast:

            def listen(event: Event) -> None:
                store(event)
                display(event)
                broadcast(event)

            runner = Runner(plan, listen)
            runner.record.options["watched"] = race is not None
            runner.record.notes += [WATCHED] if race is not None else []
            if race is None and (busy := measured_now()):
                told = f"not alone: {busy.what} was going on already, and each disturbs the other"
                runner.record.notes.append(told)
                self.stderr.write(self.style.WARNING(f"{told}.".capitalize()))
            if self.words is not None:
                runner.record.options["command"] = command_kept(self.words)
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
            for setting in card.settings.values():
                told = f"{setting.value:g}, from {setting.least:g} to {setting.most:g}"
                console.print(f"    [dim]{setting.name} = {told}: {setting.summary}[/dim]", highlight=False)
            for variant in card.variants:
                told = f"not applicable: {variant.not_applicable}" if variant.not_applicable else variant.summary
                console.print(f"    {variant.name:14} {told}")
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
                    f"    {cell.contender} at {', '.join(filter(None, (str(cell.level), str(cell.point))))}"
                    + (f": {excuse}" if excuse else "")
                )
        rounds = f"{plan.model}, {plan.rounds} rounds of {plan.duration_s:g} s after {plan.warmup_s:g} s of warm-up"
        console.print(f"{rounds}, seed {plan.seed}, middleware {plan.middleware}: about {estimate_s(plan):.0f} s.")


def _interrupt(*_: object) -> NoReturn:
    """SIGTERM and a closed terminal end a run as Ctrl-C does."""
    raise KeyboardInterrupt
