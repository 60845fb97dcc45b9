"""Names → plan: what the command line asks for, checked against the cards and the servers that exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.limits import (
    check_arrivals,
    check_contender,
    check_settable,
    check_settings,
    check_sweep,
    check_timeout,
)
from apps.scenarios.profiles import DEFAULT_SCENARIOS, Asked, Profile, asked_by
from apps.scenarios.registry import scenarios
from benchmarks.axes import HOSTING_AXES, Axis, Point, Sweep
from benchmarks.plan import OPEN_DURATION_S, Contender, Middleware, Plan, Workload, choose
from benchmarks.servers import load_servers
from benchmarks.servers.base import Interface, Server
from benchmarks.services.database import SQLITE

__all__ = ["DEFAULT_CONTENDERS", "DEFAULT_SCENARIOS", "build_plan", "check_contender"]

DEFAULT_CONTENDERS = (
    "sync@gunicorn-sync",
    "sync@gunicorn-threads",
    "sync@uvicorn",
    "wrapped@uvicorn",
    "async@uvicorn",
    "async@uvicorn-fastlane",
    "aiohttp@aiohttp",
)


def build_plan(
    scenario_names: Sequence[str] = (),
    contender_names: Sequence[str] = (),
    *,
    profile: Profile = Profile.DEFAULT,
    settings: Mapping[str, float] | None = None,
    **options: Any,
) -> Plan:
    """The plan for these names (the profile's when empty); ``options`` are the plan's own fields.

    ``settings`` are for every scenario that has them. Raises UnknownName with the closest names, UsageError for a
    contender that no scenario can have and for what a scenario cannot be set to.
    """
    names = [choose("scenario", name, scenarios()) for name in dict.fromkeys(scenario_names)]
    asked = _in_force([Asked(name) for name in names] or asked_by(profile), settings or {}, options)
    cards = list({one.scenario: scenarios()[one.scenario] for one in asked}.values())
    servers = load_servers()
    given = [Contender.parse(name) for name in dict.fromkeys(contender_names)]
    for contender in given:
        check_contender(contender, cards, servers)
    choose("middleware", options.get("middleware", Middleware.DEFAULT), Middleware)
    check_settings(settings or {}, cards)
    sweep: Sweep | None = options.get("sweep")
    if sweep and sweep.axis not in HOSTING_AXES:
        check_sweep(sweep, cards)
    if options.get("rates_per_s"):
        options.setdefault("duration_s", OPEN_DURATION_S)
    workloads = tuple(_workload(one, given, settings or {}, servers, options) for one in asked)
    contenders = tuple(dict.fromkeys(contender for workload in workloads for contender in workload.contenders))
    if sweep and sweep.axis in HOSTING_AXES:
        check_settable(sweep.axis, f"--sweep {sweep.axis}", contenders, servers)
    for axis in HOSTING_AXES:
        if options.get(axis):
            check_settable(axis, f"--{axis}", contenders, servers)
    plan = Plan(workloads=workloads, contenders=contenders, profile="" if names else str(profile), **options)
    check_timeout(plan)
    check_arrivals(plan)
    return plan


def _workload(
    asked: Asked,
    given: Sequence[Contender],
    settings: Mapping[str, float],
    servers: Mapping[str, Server],
    options: Mapping[str, Any],
) -> Workload:
    """A card as the harness sees it, with the reason for every contender that cannot take part."""
    card = scenarios()[asked.scenario]
    chosen = asked.contenders or card.contenders or DEFAULT_CONTENDERS
    contenders = tuple(given) or tuple(map(Contender.parse, chosen))
    values = {**card.defaults, **{key: settings[key] for key in settings if key in card.settings}}
    told: Sweep | None = options.get("sweep")
    own = asked.sweep or card.sweep
    sweep = told or (own if own and _stays(own, settings, options) else None)
    points = [Point(sweep.axis, value) for value in sweep.values] if sweep and sweep.axis in card.settings else []
    seed = options.get("seed", 1)
    return Workload(
        scenario=card.name,
        title=card.title,
        question=card.question,
        needs=card.needs,
        exchanges={
            point: card.draw(seed, {**values, **({point.axis: point.value} if point.axis else {})})
            for point in points or [Point()]
        },
        settings=values,
        waits={variant.name: variant.waits for variant in card.applicable},
        hops={variant.name: variant.hops for variant in card.applicable},
        fastlane_hops={one.name: one.fastlane_hops for one in card.applicable if one.fastlane_hops is not None},
        excused=_excuses(card, contenders, servers, sweep, options),
        concurrency=card.concurrency,
        concurrencies=asked.concurrencies,
        contenders=contenders,
        sweep=None if told else sweep,
        claims=card.claims,
        baseline=card.baseline,
        all_cpus=card.all_cpus,
        pool_size=card.pool_size,
        wait_holds_connection=card.wait_holds_connection,
        cost_per=card.cost_per,
        audit=card.audit,
    )


def _in_force(asked: Sequence[Asked], settings: Mapping[str, float], options: Mapping[str, Any]) -> tuple[Asked, ...]:
    """What is left of a profile when the command line says otherwise.

    A scenario that is asked for its sweep alone is not asked twice when that sweep is replaced or fixed.
    """
    plain = {one.scenario for one in asked if one.sweep is None}
    kept = []
    for one in asked:
        if one.sweep is None or (_stays(one.sweep, settings, options) and not options.get("sweep")):
            kept.append(one)
        elif one.scenario not in plain:
            plain.add(one.scenario)
            kept.append(replace(one, sweep=None, concurrencies=()))
    return tuple(kept)


def _stays(sweep: Sweep, settings: Mapping[str, float], options: Mapping[str, Any]) -> bool:
    """Whether a sweep that nobody told goes with what was told: a value that is fixed, an overload, an open loop."""
    if sweep.axis in settings or options.get("overload") or options.get(sweep.axis):
        return False
    return not (options.get("rates_per_s") and sweep.axis in HOSTING_AXES)


def _excuses(
    card: Scenario,
    contenders: Iterable[Contender],
    servers: Mapping[str, Server],
    sweep: Sweep | None,
    options: Mapping[str, Any],
) -> dict[str, str]:
    excused = {}
    for contender in contenders:
        server, variant = servers[contender.server], card.variant(contender.variant)
        middleware = contender.middleware or options.get("middleware", Middleware.DEFAULT)
        reason = _excuse(variant, server) or _circumstances(card, variant, server, middleware, sweep, options)
        if reason:
            excused[str(contender)] = reason
    return excused


def _excuse(variant: Variant | None, server: Server) -> str:
    """Why this pair is never run."""
    if variant is None:
        return "this scenario has no such variant"
    if variant.not_applicable:
        return variant.not_applicable
    if server.interface not in variant.interfaces:
        return f"this scenario's {variant.name} does not run on {server.interface}"
    if variant.needs_lifespan and not server.lifespan:
        return f"its view finds at lifespan what is opened once per process, and {server.name} runs no lifespan"
    return ""


def _circumstances(
    card: Scenario,
    variant: Variant | None,
    server: Server,
    middleware: str,
    sweep: Sweep | None,
    options: Mapping[str, Any],
) -> str:
    """Why it is not run this time."""
    if variant and variant.needs_postgresql and options.get("database", "embedded") == SQLITE:
        return "needs PostgreSQL; the run uses SQLite"
    if card.needs_middleware and middleware == Middleware.NONE and server.interface is not Interface.AIOHTTP:
        return "needs the middlewares that this run leaves away"
    if sweep and sweep.axis == Axis.WORKERS and Axis.WORKERS not in server.settable:
        return f"{server.name} runs in one process here, so its workers cannot be varied"
    return ""
