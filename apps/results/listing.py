"""Stored runs as a list: the newest first, narrowed down, and nothing read that is not shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from apps.reporting.facts import contenders_of, duration, short_commit
from apps.results.models import Cell, Run
from benchmarks.load.specs import Model
from benchmarks.record import State

STATES = (State.OK, State.RUNNING, State.ABORTED, State.FAILED)  # what a run can be
SHOWN = ("state", "reason", "started_at", "wall_s", "options", "scenarios", "notes")
LONGEST_TEXT = 100
FIRST_NAMES = 3  # of many scenarios


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed down to; empty is everything."""

    scenario: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True)
class Line:
    """A run in the list, in words."""

    run: Run
    scenarios: tuple[str, ...]
    more: int  # scenarios that the list has no room for
    contenders: int
    load: str
    lasted: str
    cpu: str
    commit: str
    dirty: bool
    notes: tuple[str, ...]


def find_runs(wanted: Wanted) -> QuerySet[Run]:
    """The runs that a visitor asks for; each with what its line shows."""
    runs = Run.objects.only(*SHOWN).annotate(
        cpu=KT("environment__cpu"), commit=KT("environment__commit"), dirty=KT("environment__dirty")
    )
    if wanted.scenario:
        runs = runs.annotate(named=Cast("scenarios", TextField())).filter(
            named__contains=f'"name": "{wanted.scenario}"'
        )
    if wanted.state:
        runs = runs.filter(state=wanted.state)
    return runs.filter(_has(wanted.text)) if wanted.text else runs


def _has(text: str) -> Q:
    """Where a run says it: its contenders, why it ended, its notes, its profile, its machine and commit."""
    return (
        Q(pk__in=Cell.objects.filter(contender__icontains=text).values("run"))
        | Q(reason__icontains=text)
        | Q(notes__icontains=text)
        | Q(options__profile__icontains=text)
        | Q(environment__cpu__icontains=text)
        | Q(environment__commit__istartswith=text)
    )


def line(run: Run) -> Line:
    """Of a run that ``find_runs`` found."""
    told = vars(run)  # what the query annotated stands there, too
    options = run.options if isinstance(run.options, dict) else {}  # a damaged run is in the list, too
    levels = options.get("levels")
    several = {level for some in levels.values() for level in some} if isinstance(levels, dict) else set()
    levels_told = next(iter(several)) if len(several) == 1 else f"{len(several)} levels" if several else ""
    model = str(options.get("load", ""))
    return Line(
        run=run,
        scenarios=tuple(card["name"] for card in run.scenarios),
        more=len(run.scenarios) - FIRST_NAMES,
        contenders=len(contenders_of(options)),
        load=levels_told if model == Model.CLOSED else ", ".join(filter(None, (model, levels_told))),
        lasted=duration(run.wall_s),
        cpu=told["cpu"] or "",
        commit=short_commit("" if told["commit"] in (None, "null") else told["commit"]),
        dirty=str(told["dirty"]).lower() in ("true", "1"),
        notes=tuple(run.notes),
    )


def known_scenario(name: str) -> bool:
    """Whether a run has cells of it, whatever became of its card."""
    return Cell.objects.filter(scenario=name).exists()


def newest(count: int = 5) -> list[Run]:
    return list(Run.objects.only("state", "started_at")[:count])
