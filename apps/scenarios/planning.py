"""Names → plan: what the command line asks for, checked against the cards and the servers that exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.registry import scenarios
from benchmarks.exceptions import UsageError
from benchmarks.plan import OPEN_DURATION_S, Axis, Contender, Middleware, Plan, Sweep, Workload, choose, plain
from benchmarks.servers import load_servers
from benchmarks.servers.base import Server
from benchmarks.services.database import SQLITE

LONG_MS = 1000.0
LEAST_ARRIVALS = 20
DEFAULT_SCENARIOS = ("plaintext", "orm_read", "fan_out")
DEFAULT_CONTENDERS = (
    "sync@gunicorn-sync",
    "sync@gunicorn-threads",
    "sync@uvicorn",
    "wrapped@uvicorn",
    "async@uvicorn",
    "aiohttp@aiohttp",
)


def build_plan(scenario_names: Sequence[str] = (), contender_names: Sequence[str] = (), **options: Any) -> Plan:
    """The plan for these names (all defaults when empty); ``options`` are the plan's own fields.

    Raises UnknownName with the closest names, UsageError for a contender that no scenario can have.
    """
    cards = [
        scenarios()[choose("scenario", name, scenarios())]
        for name in dict.fromkeys(scenario_names or DEFAULT_SCENARIOS)
    ]
    servers = load_servers()
    contenders = [Contender.parse(name) for name in dict.fromkeys(contender_names or DEFAULT_CONTENDERS)]
    for contender in contenders:
        check_contender(contender, cards, servers)
    choose("middleware", options.get("middleware", Middleware.DEFAULT), Middleware)
    database = options.get("database", "embedded")
    sweep: Sweep | None = options.get("sweep")
    waits_ms = sweep.values if sweep and sweep.axis is Axis.WAIT else ()
    for card in cards:
        check_waits(card, waits_ms)
    if sweep and sweep.axis is not Axis.WAIT:
        check_settable(sweep.axis, f"--sweep {sweep.axis}", contenders, servers)
    if options.get("threads"):
        check_settable(Axis.THREADS, "--threads", contenders, servers)
    if options.get("rates_per_s"):
        options.setdefault("duration_s", OPEN_DURATION_S)
    workloads = tuple(workload(card, options.get("seed", 1), database, contenders, servers, sweep) for card in cards)
    plan = Plan(workloads=workloads, contenders=tuple(contenders), **options)
    check_timeout(plan)
    check_arrivals(plan)
    return plan


def check_arrivals(plan: Plan) -> None:
    """Raises UsageError when a window of an open loop would hold too few arrivals to say anything."""
    for rate_per_s in plan.rates_per_s:
        if rate_per_s * plan.duration_s < LEAST_ARRIVALS:
            raise UsageError(
                f"--rate {plain(rate_per_s)} for {plan.duration_s:g} s is less than {LEAST_ARRIVALS} arrivals a round",
                hint=f"measure longer, with --duration {LEAST_ARRIVALS / rate_per_s:.3g} or more",
            )


def check_waits(card: Scenario, waits_ms: Sequence[float]) -> None:
    """Raises UsageError for a wait that a scenario does not have."""
    if waits_ms and not card.wait_ms:
        waiting = ", ".join(name for name, other in scenarios().items() if other.wait_ms)
        raise UsageError(
            f"{card.name} does not wait, so there is no wait to sweep", hint=f"scenarios that do: {waiting}"
        )
    if waits_ms and max(waits_ms) > card.longest_wait_ms:
        raise UsageError(
            f"{card.name} can wait {card.longest_wait_ms:g} ms at most, not {max(waits_ms):g}",
            hint="its answer has a deadline of its own" if card.longest_wait_ms < LONG_MS else "ask for less",
        )


def check_settable(axis: Axis, option: str, contenders: Sequence[Contender], servers: Mapping[str, Server]) -> None:
    """Raises UsageError when an option is about what none of the contenders' servers can set."""
    if not any(axis in servers[contender.server].settable for contender in contenders):
        able = ", ".join(sorted(name for name, server in servers.items() if axis in server.settable))
        raise UsageError(
            f"{option} changes nothing here: no contender's server has {axis} to set",
            hint=f"servers that have: {able}",
        )


def check_timeout(plan: Plan) -> None:
    """Raises UsageError when requests would be given up before they can have been answered."""
    for workload in plan.workloads:
        for cell in plan.runnable(workload):
            least_s = workload.least_ms(cell.contender.variant, cell.point) / 1000
            if least_s >= plan.timeout_s:
                raise UsageError(
                    f"{cell.scenario}'s {cell.contender.variant} waits {least_s:g} s by itself, "
                    f"so no answer can come within --timeout {plan.timeout_s:g}",
                    hint=f"give it several times that, like --timeout {5 * least_s:g}",
                )


def check_contender(contender: Contender, cards: Sequence[Scenario], servers: Mapping[str, Server]) -> None:
    """Raises UsageError when the server cannot host the variant, or is not installed."""
    server = servers[choose("server", contender.server, servers)]
    known = {variant.name for card in cards for variant in card.variants}
    choose("variant", contender.variant, known)
    hosts = [
        card for card in cards if (found := card.variant(contender.variant)) and server.interface in found.interfaces
    ]
    if not hosts:
        fitting = sorted(name for name, other in servers.items() if _fits(contender.variant, cards, other))
        raise UsageError(
            f"{contender}: {contender.server} speaks {server.interface}, the variant {contender.variant} does not",
            hint=f"servers for {contender.variant}: {', '.join(fitting)}",
        )
    if missing := server.missing():
        raise UsageError(f"{contender}: {', '.join(missing)} is not installed", hint=f"run: {server.pip_line}")


def _fits(variant: str, cards: Sequence[Scenario], server: Server) -> bool:
    return any(server.interface in found.interfaces for card in cards if (found := card.variant(variant)))


def workload(
    card: Scenario,
    seed: int,
    database: str,
    contenders: Sequence[Contender],
    servers: Mapping[str, Server],
    sweep: Sweep | None = None,
) -> Workload:
    """A card as the harness sees it, with the reason for every contender that cannot take part."""
    excused = {}
    waits_ms = sweep.values if sweep and sweep.axis is Axis.WAIT else (card.wait_ms,)
    for contender in contenders:
        if reason := _excuse(card.variant(contender.variant), servers[contender.server], database, sweep):
            excused[str(contender)] = reason
    return Workload(
        scenario=card.name,
        title=card.title,
        question=card.question,
        needs=card.needs,
        exchanges={wait_ms: card.draw(seed, wait_ms) for wait_ms in waits_ms},
        wait_ms=card.wait_ms,
        waits={variant.name: variant.waits for variant in card.applicable},
        excused=excused,
        baseline=card.baseline,
        concurrency=card.concurrency,
    )


def _excuse(variant: Variant | None, server: Server, database: str, sweep: Sweep | None) -> str:
    if variant is None:
        return "this scenario has no such variant"
    if variant.not_applicable:
        return variant.not_applicable
    if server.interface not in variant.interfaces:
        return f"this scenario's {variant.name} does not run on {server.interface}"
    if variant.needs_postgresql and database == SQLITE:
        return "needs PostgreSQL; the run uses SQLite"
    if sweep and sweep.axis is Axis.WORKERS and Axis.WORKERS not in server.settable:
        return f"{server.name} runs in one process here, so its workers cannot be varied"
    return ""
