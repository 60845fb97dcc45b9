"""What may stand on ``runbench``'s command line, and what contradicts what."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from apps.results.values import (
    MOST_CONNECTIONS,
    MOST_WORKERS,
    SHORTEST_S,
    Once,
    Settings,
    patience,
    positive,
    rate_per_s,
    setting,
    several,
    sweep,
)
from apps.scenarios.profiles import Profile
from benchmarks.axes import HOSTING_AXES, Axis
from benchmarks.exceptions import UsageError
from benchmarks.load.specs import Arrivals
from benchmarks.plan import MOST_THREADS, choose
from benchmarks.services.cache import VARIABLE as CACHE_VARIABLE
from benchmarks.services.database import SQLITE

FIXING = {"sweep", "set", "contender", "concurrency", "rate", "overload", "workers", "threads"}  # what claims need


def judges(options: dict[str, Any]) -> bool:
    """Whether a profile is run in such a way that the claims can be judged from it."""
    given = {name for name, value in options.items() if value not in (None, False)}
    usual = not given & {*FIXING, "middleware"} and options["database"] != SQLITE
    return usual and options["profile"] in (Profile.CLAIMS, Profile.FULL)


def add_load_arguments(parser: argparse.ArgumentParser) -> None:
    """How much load, and how it comes."""
    group = parser.add_argument_group("load")
    group.add_argument(
        "--concurrency",
        type=several(positive(int, MOST_CONNECTIONS)),
        metavar="N[,N…]",
        help="closed loop: connections, each with one request under way (the card's)",
    )
    group.add_argument(
        "--rate",
        type=several(rate_per_s),
        metavar="R[,R…]",
        help="open loop instead: arrivals a second; latency counts from when a request should have been sent",
    )
    group.add_argument("--arrivals", metavar="HOW", help=f"open loop: {' or '.join(Arrivals)} (constant)")
    group.add_argument(
        "--in-flight",
        type=positive(int, MOST_CONNECTIONS),
        metavar="N",
        help="open loop: the most requests under way; what finds that many is not sent, and counted (1000)",
    )
    group.add_argument(
        "--duration", type=positive(float, 600, SHORTEST_S), metavar="S", help="seconds a round measures (0.5)"
    )
    group.add_argument("--warmup", type=positive(float, 60), metavar="S", help="seconds a round warms up (0.2)")
    group.add_argument("--timeout", type=positive(float, 600), metavar="S", help="seconds until a request fails (10)")
    group.add_argument("--rounds", type=positive(int, 1000), metavar="N", help="rounds per cell (5)")
    group.add_argument(
        "--patience",
        type=patience,
        metavar="N",
        help="rounds that may be added while cells are unstable or short of valid rounds (0)",
    )
    group.add_argument(
        "--generators", type=positive(int, 64), metavar="N", help="load generator processes, merged exactly (1)"
    )


def add_question_arguments(parser: argparse.ArgumentParser) -> None:
    """What is varied, and what comes after the rounds."""
    group = parser.add_argument_group("questions")
    group.add_argument(
        "--sweep",
        type=sweep,
        action=Once,
        metavar="AXIS=V,V…",
        help="wait=1ms,20ms · workers=1,2 · threads=4,16 · a card's setting, like hops=0,1,10: curves, and where "
        "async overtakes the threads",
    )
    group.add_argument(
        "--set",
        type=setting,
        action=Settings,
        metavar="NAME=VALUE",
        help="one of the settings that --list shows, like poison_ms=1; may be given several times",
    )
    group.add_argument(
        "--workers",
        type=positive(int, MOST_WORKERS),
        metavar="N",
        help="processes of every server, which then get all CPUs (each server's usual number)",
    )
    group.add_argument(
        "--threads",
        type=positive(int, MOST_THREADS),
        metavar="N",
        help="of threaded servers (as many as connections; 16 in a sweep)",
    )
    group.add_argument(
        "--overload",
        action="store_true",
        help="then 0.5 to 2 times the measured capacity, and how long until p99 is back",
    )


def check_contradictions(options: dict[str, Any]) -> None:
    """Raises UsageError for options that cannot both be meant."""
    given = {name for name, value in options.items() if value not in (None, False)}
    if {"rate", "concurrency"} <= given:
        raise UsageError(
            "--rate and --concurrency contradict each other: arrivals do not wait for connections",
            hint="bound what is under way in an open loop with --in-flight",
        )
    if {"rate", "overload"} <= given:
        raise UsageError(
            "--rate and --overload contradict each other: the overload's rates come from the measured capacity",
            hint="leave --rate away",
        )
    if {"rate", "sweep"} <= given and options["sweep"].axis in HOSTING_AXES:
        raise UsageError("a sweep over workers or threads needs a closed loop", hint="use --concurrency")
    if {"overload", "sweep"} <= given:
        raise UsageError("--overload and --sweep do not go together", hint="run one after the other")
    for name in ("arrivals", "in_flight"):
        if name in given and not given & {"rate", "overload"}:
            raise UsageError(f"--{name.replace('_', '-')} is about an open loop", hint="give --rate, too")
    if "arrivals" in given:
        choose("kind of arrivals", options["arrivals"], Arrivals)
    _check_sweep(options, given)
    _check_profile(options, given)


def _check_sweep(options: dict[str, Any], given: set[str]) -> None:
    """What is swept is not fixed by another option."""
    for name in (Axis.THREADS, Axis.WORKERS):
        if {name, "sweep"} <= given and options["sweep"].axis == name:
            raise UsageError(f"--{name} and --sweep {name}=… contradict each other", hint=f"leave --{name} away")
    if {"set", "sweep"} <= given and options["sweep"].axis in options["set"]:
        axis = options["sweep"].axis
        raise UsageError(f"--set {axis}=… and --sweep {axis}=… contradict each other", hint="leave one away")


def _check_profile(options: dict[str, Any], given: set[str]) -> None:
    """A profile says which scenarios, and the one for the claims how."""
    if "profile" not in given:
        return
    profile = choose("profile", options["profile"], Profile)
    if options["scenario"]:
        raise UsageError(
            "--profile says which scenarios are run; others were named, too", hint="leave one of the two away"
        )
    fixed = sorted(given & FIXING)
    if profile == Profile.CLAIMS and fixed:
        raise UsageError(
            f"--profile claims decides what each claim needs, so --{fixed[0]} cannot be given beside it",
            hint="name scenarios instead",
        )


def plan_options(options: dict[str, Any]) -> dict[str, Any]:
    """What was given on the command line, as the plan's own fields. Raises UsageError for contradictions."""
    check_contradictions(options)
    wanted = {
        "concurrencies": options["concurrency"],
        "rates_per_s": options["rate"],
        "arrivals": options["arrivals"] and Arrivals(options["arrivals"]),
        "in_flight": options["in_flight"],
        "sweep": options["sweep"],
        "overload": options["overload"] or None,
        "duration_s": options["duration"],
        "warmup_s": options["warmup"],
        "timeout_s": options["timeout"],
        "rounds": options["rounds"],
        "patience": options["patience"],
        "generators": options["generators"],
        "threads": options["threads"],
        "workers": options["workers"],
        "settings": options["set"] or None,
        "profile": options["profile"] and Profile(options["profile"]),
        "seed": options["seed"],
        "middleware": options["middleware"],
        "cache_url": os.environ.get(CACHE_VARIABLE) or None,
        "database": options["database"]
        if options["database"] is not None
        else os.environ.get("CROSSOVER_DATABASE_URL") or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def check_target(option: str, target: Path) -> None:
    """Raises UsageError, before anything is measured, for a file that could not be written at the end."""
    folder = target.resolve().parent
    if target.is_dir():
        raise UsageError(f"{option} {target}: that is a folder", hint="name a file")
    if not folder.is_dir():
        raise UsageError(f"{option} {target}: there is no folder {folder}", hint="make it, or name another file")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {target}: {folder} may not be written to", hint="name another file")
