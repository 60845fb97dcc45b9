"""Where a cell lies: what a sweep varies, how much load there is, and how both are called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Axis(StrEnum):
    """What every sweep may vary; beside these the settings that a card declares."""

    WAIT = "wait"  # in milliseconds; a setting of the cards that wait
    WORKERS = "workers"
    THREADS = "threads"


HOSTING_AXES = (Axis.WORKERS, Axis.THREADS)


@dataclass(frozen=True)
class Setting:
    """A quantity of a scenario's work that the command line may set or sweep.

    ``least`` to ``most`` is what a request may ask for; every variant answers 400 to anything else.
    """

    name: str
    value: float
    most: float
    least: float = 0.0
    summary: str = ""


@dataclass(frozen=True)
class Sweep:
    """One axis and its values: a setting's, in its unit, or numbers of workers or threads."""

    axis: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Level:
    """A load level: so many connections in a closed loop; so many arrivals a second in an open one.

    In an open loop ``concurrency`` bounds how many requests may be under way.
    """

    concurrency: int
    rate_per_s: float | None = None

    def __str__(self) -> str:
        return describe_level(self.concurrency, self.rate_per_s)


def plain(value: float) -> str:
    """A number in words, requests and names: to the thousandth, and no longer than it has to be."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def describe_level(concurrency: int, rate_per_s: float | None) -> str:
    """A load level in words."""
    if rate_per_s is not None:
        return f"{plain(rate_per_s)} requests/s"
    return f"{concurrency} connection{'s' * (concurrency != 1)}"


@dataclass(frozen=True)
class Point:
    """Where on a sweep's axis a cell lies; nowhere without a sweep."""

    axis: str = ""
    value: float = 0.0

    def on(self, axis: str) -> float | None:
        return self.value if self.axis == axis else None

    def __str__(self) -> str:
        return describe_point(self.axis, self.value) if self.axis else ""


NOWHERE = Point()


def describe_point(axis: str, value: float) -> str:
    """A sweep's point in words: "wait 5 ms", "2 workers", "hops 3"."""
    if axis in HOSTING_AXES:
        return f"{value:g} {axis if value != 1 else axis.removesuffix('s')}"
    if axis == Axis.WAIT or axis.endswith("_ms"):
        return f"{axis.removesuffix('_ms')} {plain(value)} ms"
    return f"{axis} {plain(value)}"
