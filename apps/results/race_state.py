"""Where a race stands: what its events add up to, and its chart. The page's script adds up the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from apps.reporting.chart import AxisOf, Chart, Kind, Scale, Series, Spot, listed
from apps.reporting.style import style_of
from apps.results.broadcast import UPDATE
from apps.results.models import Race, RaceEvent
from apps.results.races import END
from benchmarks.json_codec import json_codec
from benchmarks.record import State
from benchmarks.reports import figures

BEFORE = "its command is starting"


@dataclass
class RaceState:
    """All that is known of a race so far. ``after`` is the key of the last event in it."""

    asked: dict[str, Any]
    run: int | None = None
    step: str = BEFORE
    number: int = 0  # of the round that is under way
    done: int = 0  # rounds of single contenders
    planned: int = 0
    cells: dict[str, dict[str, Any]] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, Any] | None = None
    after: int = 0

    @classmethod
    def of(cls, race: Race, events: Iterable[RaceEvent]) -> RaceState:
        """In the order of their keys."""
        state = cls(race.asked, planned=len(race.asked["contenders"]) * race.asked["rounds"])
        for event in events:
            state.add(event)
        return state

    def add(self, event: RaceEvent) -> None:
        self.after = event.pk
        content: dict[str, Any] = event.content
        if event.kind == END:
            self.ended, self.step = content, ""
            self.run = content["run"]
        elif event.kind == UPDATE:
            plan = content.get("plan", {})
            self.run, self.planned = plan.get("run", self.run), plan.get("planned", self.planned)
            self.step, self.number = content.get("step", self.step), content.get("number", self.number)
            self.rounds += content.get("rounds", [])
            self.done = len(self.rounds)
            self.cells |= content.get("cells", {})

    @property
    def lines(self) -> list[dict[str, Any]]:
        """A contender's row: its figures so far as they are written."""
        return [
            {
                "contender": name,
                "cell": cell,
                "rate": figures.rate(cell.get("requests_per_s")),
                "p50": figures.milliseconds(cell.get("p50_ms")),
                "p99": figures.milliseconds(cell.get("p99_ms")),
                "valid": cell.get("valid", 0),
                "trouble": cell.get("reason", "") if cell.get("state") not in (None, State.OK, State.RUNNING) else "",
            }
            for name in self.asked["contenders"]
            for cell in (self.cells.get(name, {}),)
        ]

    @property
    def by_round(self) -> list[tuple[str, list[str]]]:
        """A contender's requests a second, round by round, as they are written; a dash where none may be shown."""
        told = {
            (entry["contender"], entry["number"]): figures.rate(entry["requests_per_s"])
            for entry in self.rounds
            if entry["state"] == State.OK
        }
        numbers = range(1, self.asked["rounds"] + 1)
        return [
            (name, [told.get((name, number), figures.NONE) for number in numbers]) for name in self.asked["contenders"]
        ]

    @property
    def void(self) -> list[dict[str, Any]]:
        """Rounds that the chart does not show, each with its reason."""
        return [entry for entry in self.rounds if entry["state"] != State.OK]

    @property
    def drawable(self) -> bool:
        """Whether a round is valid: an empty chart would be about nothing."""
        return len(self.rounds) > len(self.void)

    def chart(self) -> dict[str, Any]:
        """Requests a second, round by round; a contender that has none yet has its place all the same."""
        count = self.asked["rounds"]
        series = tuple(
            Series(
                name,
                style_of(name),
                tuple(
                    Spot(entry["number"] - 1, entry["requests_per_s"])
                    for entry in self.rounds
                    if entry["contender"] == name and entry["state"] == State.OK
                ),
            )
            for name in self.asked["contenders"]
        )
        chart = Chart(
            "race",
            Kind.LINES,
            "Requests a second, round by round",
            "",
            AxisOf("round", scale=Scale.CATEGORY, names=tuple(str(number + 1) for number in range(count))),
            AxisOf("answered", "requests/s"),
            series,
            listed((), ()),
        )
        found: dict[str, Any] = json_codec.unstructure(chart)
        return found
