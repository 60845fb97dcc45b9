"""What may stand on ``runbench``'s command line: types that say what is wrong, and what contradicts what."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.exceptions import UnknownName, UsageError
from benchmarks.load.specs import Arrivals
from benchmarks.plan import Axis, Sweep, choose

MOST_CONNECTIONS = 20_000
MOST_VALUES = 20  # in a list: a slip of the keyboard must not plan a week
WAIT = re.compile(r"(?P<number>[0-9]{1,7}(\.[0-9]{1,6})?)(?P<unit>ms|s)", re.ASCII)
SHORTEST_S = 0.02  # of a window that can hold an answer
FINEST = 0.001  # of waits in milliseconds and of rates: what names and requests can hold
LARGEST_SEED = 2**53 - 1  # what every place that keeps it can hold


def positive(kind: type[int] | type[float], highest: float, least: float = 0.0) -> Callable[[str], Any]:
    """A number above zero, or at least ``least``, with a bound that keeps a slip of the keyboard harmless."""

    def parse(text: str) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a {'whole ' * (kind is int)}number") from None
        if not 0 < number <= highest:
            raise argparse.ArgumentTypeError(f"{text} is out of range: above 0, at most {highest:g}")
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is out of range: at least {least:g}")
        return number

    return parse


def several(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """``8,64`` → (8, 64); a value that is given twice counts once."""

    def parse(text: str) -> tuple[Any, ...]:
        values = tuple(dict.fromkeys(kind(word) for word in text.split(",")))
        if len(values) > MOST_VALUES:
            raise argparse.ArgumentTypeError(f"{len(values)} values are more than the {MOST_VALUES} that make sense")
        return values

    return parse


def seed(text: str) -> int:
    """A whole number that every place that keeps it can hold."""
    if not text.isdigit() or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {LARGEST_SEED}")
    return int(text)


def patience(text: str) -> int:
    """How many rounds may be added; none is a number, too."""
    return 0 if text == "0" else int(positive(int, 1000)(text))


class Once(argparse.Action):
    """An option whose second use would silently replace the first."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} is given twice: sweep one axis at a time")
        setattr(namespace, self.dest, values)


def wait_ms(text: str) -> float:
    """``5ms`` or ``0.5s`` → milliseconds."""
    found = WAIT.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a wait: write 5ms or 0.5s")
    return as_fine_as_told(float(found["number"]) * (1000 if found["unit"] == "s" else 1), text)


def rate_per_s(text: str) -> float:
    """Arrivals a second."""
    number: float = positive(float, 1_000_000)(text)
    return as_fine_as_told(number, text)


def as_fine_as_told(number: float, text: str) -> float:
    """The number, if names and requests can hold it: two that look alike would be one cell."""
    rounded = round(number, 3)
    if rounded < FINEST or abs(rounded - number) > 1e-9 * number:
        raise argparse.ArgumentTypeError(f"{text} is out of range: at least {FINEST:g}, and no finer than that")
    return rounded


def sweep(text: str) -> Sweep:
    """``wait=1ms,20ms``, ``workers=1,2,4`` or ``threads=4,16``."""
    name, equals, values = text.partition("=")
    if not equals or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is not understood: write wait=1ms,20ms or threads=4,16")
    try:
        axis = Axis(choose("axis to sweep", name, Axis))
    except UnknownName as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.hint}") from error
    kind = wait_ms if axis is Axis.WAIT else positive(int, 64 if axis is Axis.WORKERS else 512)
    found = several(kind)(values)
    if len(found) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} has one value: a sweep needs at least two")
    return Sweep(axis, tuple(sorted(float(value) for value in found)))


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
        help="wait=1ms,20ms · workers=1,2 · threads=4,16: curves, and where async overtakes the threads",
    )
    group.add_argument(
        "--threads",
        type=positive(int, 512),
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
    if {"rate", "sweep"} <= given and options["sweep"].axis is not Axis.WAIT:
        raise UsageError("a sweep over workers or threads needs a closed loop", hint="use --concurrency")
    if {"overload", "sweep"} <= given:
        raise UsageError("--overload and --sweep do not go together", hint="run one after the other")
    for name in ("arrivals", "in_flight"):
        if name in given and not given & {"rate", "overload"}:
            raise UsageError(f"--{name.replace('_', '-')} is about an open loop", hint="give --rate, too")
    if "arrivals" in given:
        choose("kind of arrivals", options["arrivals"], Arrivals)
    if {"threads", "sweep"} <= given and options["sweep"].axis is Axis.THREADS:
        raise UsageError("--threads and --sweep threads=… contradict each other", hint="leave --threads away")


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
        "seed": options["seed"],
        "middleware": options["middleware"],
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
