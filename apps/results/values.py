"""How the values on a command line are read: types for argparse that say what is wrong with a value."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Any

from apps.scenarios.limits import known_settings
from benchmarks.axes import Axis, Sweep
from benchmarks.exceptions import UnknownName
from benchmarks.plan import MOST_THREADS, choose

MOST_CONNECTIONS = 20_000
MOST_VALUES = 20  # in a list: a slip of the keyboard must not plan a week
WAIT = re.compile(r"(?P<number>[0-9]{1,7}(\.[0-9]{1,6})?)(?P<unit>ms|s)", re.ASCII)
QUANTITY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?", re.ASCII)
MOST_WORKERS = 64
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


class Settings(argparse.Action):
    """A dict of NAME=VALUE; a second value for a name would silently replace the first."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        found = getattr(namespace, self.dest) or {}
        name, value = values
        if name in found:
            parser.error(f"{option} {name} is given twice: sweep it, with --sweep {name}=…")
        setattr(namespace, self.dest, {**found, name: value})


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
    """``wait=1ms,20ms``, ``workers=1,2,4``, ``threads=4,16`` or a setting of a card, like ``hops=0,1,3``."""
    name, equals, values = text.partition("=")
    if not equals or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is not understood: write wait=1ms,20ms or threads=4,16")
    axis = _known("axis to sweep", name, [*Axis, *known_settings()])
    found = several(_kind_of(axis))(values)
    if len(found) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} has one value: a sweep needs at least two")
    return Sweep(axis, tuple(sorted(float(value) for value in found)))


def setting(text: str) -> tuple[str, float]:
    """``poison_ms=1`` or ``wait=5ms``: one of the quantities that cards declare."""
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not understood: write NAME=VALUE, like poison_ms=1 or wait=5ms")
    name = _known("setting", name, known_settings())
    return name, float(_kind_of(name)(value))


def _known(kind: str, name: str, names: Iterable[str]) -> str:
    try:
        return choose(kind, name, names)
    except UnknownName as error:
        raise argparse.ArgumentTypeError(f"{error}; {error.hint}") from error


def _kind_of(name: str) -> Callable[[str], Any]:
    """How an axis's or a setting's value is read."""
    kinds: dict[str, Callable[[str], Any]] = {
        Axis.WAIT: wait_ms,
        Axis.WORKERS: positive(int, MOST_WORKERS),
        Axis.THREADS: positive(int, MOST_THREADS),
    }
    return kinds.get(name, quantity)


def quantity(text: str) -> float:
    """A number that requests can hold; the card bounds it."""
    if not QUANTITY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plain number, with three decimals at most")
    return float(text)
