"""A scenario: its question, the variants' code, a try, and the figures of a run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.gzip import gzip_page

from apps.comparisons.code import Source, difference, shared_sources, view_source
from apps.comparisons.views.errors import bad_request, safe_only
from apps.comparisons.views.naming import card_named, variant_named
from apps.results.models import Cell, Run
from apps.results.race_limits import offers
from apps.results.reports import Report, newest_runs, report_of
from apps.scenarios.claims import CLAIMS
from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.hops import hops_of
from apps.scenarios.registry import scenarios
from benchmarks.exceptions import RecordError
from benchmarks.servers.base import Interface

FIRST_PAIR = ("sync", "async")
NEIGHBOURS = (("sync", "async"), ("sync", "wrapped"), ("async", "aiohttp"), ("aiohttp", "aiohttp-cured"))
SIDE_BY_SIDE, UNIFIED = "side-by-side", "unified"
LISTED_RUNS = 8
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True)
class Shown:
    """The figures of a page: a report, or the reason why there is none; ``runs`` are those that have the scenario."""

    run: Run | None = None
    report: Report | None = None
    problem: str = ""
    runs: tuple[Run, ...] = ()

    @property
    def others(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run != self.run)

    @property
    def charts(self) -> dict[str, Any]:
        """By the names under which the page's figures ask for them."""
        if self.report is None:
            return {}
        name = self.report["headline"]["scenario"]
        return {f"{name}:{chart['id']}": chart for chart in self.report["charts"]}


@gzip_page
@safe_only
def scenario_list(request: HttpRequest) -> HttpResponse:
    """All there are, by name."""
    cards = [(card, _claims(card.claims)) for card in scenarios().values()]
    return render(request, "comparisons/scenario_list.html", {"section": "scenarios", "cards": cards})


@gzip_page
@safe_only
def scenario(request: HttpRequest, name: str) -> HttpResponse:
    """``?run=N`` chooses the figures, ``?left=…&right=…`` the variants whose code is shown."""
    asked = request.GET.get("run", "")
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) <= 18):
        return bad_request(request, f"A run is a number, like ?run=1; this is {asked[:50]!r}.", back="scenarios")
    runs = _runs_with(name)
    card = scenarios().get(name) if runs else card_named(name)
    shown = _shown(name, int(asked) if asked else None, runs)
    try:
        code_shown = _code_context(request, card) if card else {}
    except Http404 as error:  # of ?left= or ?right=
        return bad_request(request, str(error), back=reverse("scenario", args=[name]))
    context = {
        "section": "scenarios",
        "name": name,
        "can_race": name in offers(),
        "card": card,
        "told": card or (shown.report or {}).get("headline") or {"title": name, "question": ""},
        "claims": _claims(card.claims if card else _stored_claims(shown.report)),
        "shown": shown,
        "charts": shown.charts,
        **code_shown,
    }
    return render(request, "comparisons/scenario.html", context)


@gzip_page
@safe_only
def code(request: HttpRequest, name: str, left: str, right: str) -> HttpResponse:
    """The difference between two variants. ``?left=…&right=…`` (of the form's) leads to another pair's page."""
    card = card_named(name)
    chosen = request.GET.get("left", left), request.GET.get("right", right)
    try:
        before, after = (variant_named(card, variant) for variant in chosen)
    except Http404 as error:
        if chosen == (left, right):
            raise
        return bad_request(request, str(error), back=reverse("scenario", args=[name]))
    view = request.GET.get("view", SIDE_BY_SIDE)
    if view not in (SIDE_BY_SIDE, UNIFIED):
        return bad_request(request, f"view is {SIDE_BY_SIDE} or {UNIFIED}; this is {view[:50]!r}.", back="scenarios")
    if chosen != (left, right):
        address = reverse("code", args=[name, *chosen])
        return HttpResponseRedirect(f"{address}?view={UNIFIED}" if view == UNIFIED else address)
    context = {
        "section": "scenarios",
        "card": card,
        "left": before,
        "right": after,
        "difference": difference(view_source(card, before), view_source(card, after)),
        "unified": view == UNIFIED,
        "neighbours": _neighbours(card),
        "excused": _excused(card),
        "shared": shared_sources(card),
    }
    return render(request, "comparisons/code.html", context)


def _runs_with(name: str) -> list[int]:
    """The newest runs that have the scenario."""
    found = (
        Cell.objects.filter(scenario=name).values_list("run", flat=True).distinct().order_by("-run__started_at", "-run")
    )
    return list(found[:LISTED_RUNS])


def _shown(name: str, asked: int | None, newest: list[int]) -> Shown:
    """Raises Http404 for a run that does not exist."""
    wanted = asked if asked is not None else _newest(name) or next(iter(newest), None)
    if wanted is None:
        return Shown()
    runs = {run.pk: run for run in Run.objects.filter(pk__in={*newest, wanted})}
    listed = tuple(run for run in runs.values() if run.pk in newest)
    if wanted not in runs:
        known = ", ".join(str(pk) for pk in Run.objects.values_list("pk", flat=True)[:5])
        raise Http404(f"there is no run {wanted}: " + (f"the newest are {known}" if known else "none is stored yet"))
    run = runs[wanted]
    if run.pk not in newest and not Cell.objects.filter(run=run, scenario=name).exists():
        return Shown(run, None, f"Run {run.pk} did not measure {name}.", listed)
    try:
        report = report_of(run, name)
    except RecordError as error:
        return Shown(run, None, f"Run {run.pk} cannot be read: {error}", listed)
    return Shown(run, report, "" if report else f"Run {run.pk} ended before {name} had a figure.", listed)


def _newest(name: str) -> int | None:
    run = newest_runs(name).get(name)
    return run.pk if run else None


def _stored_claims(report: Report | None) -> tuple[str, ...]:
    return tuple(report["table"]["card"]["claims"]) if report else ()


def _claims(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(id, text)"""
    return [(name, CLAIMS[name].text) for name in names if name in CLAIMS]


def _code_context(request: HttpRequest, card: Scenario) -> dict[str, Any]:
    """Raises Http404 for a variant that does not exist."""
    usual = [variant.name for variant in card.applicable]
    first, second = FIRST_PAIR if set(FIRST_PAIR) <= set(usual) else (usual[0], usual[-1])
    pair = [variant_named(card, request.GET.get(side, name)) for side, name in (("left", first), ("right", second))]
    return {
        "left": pair[0],
        "right": pair[1],
        "panes": [(variant, view_source(card, variant)) for variant in dict.fromkeys(pair)],
        "shared": shared_sources(card),
        "neighbours": _neighbours(card),
        "excused": _excused(card),
        "lacks_postgresql": connection.vendor == "sqlite" and any(one.needs_postgresql for one in card.applicable),
        "hops": hops_of(card),
        "tries": [(variant, Interface.AIOHTTP in variant.interfaces) for variant in card.applicable],
    }


def _neighbours(card: Scenario) -> list[tuple[str, str, int, int]]:
    """Pairs worth a look, with how many lines came and went; the usual ones first, then what a card has of its own."""
    names = [variant.name for variant in card.applicable]
    usual = [pair for pair in NEIGHBOURS if set(pair) <= set(names)]
    alone = [name for name in names if not any(name in pair for pair in usual)]
    pairs = [*usual, *((names[0], name) for name in alone if name != names[0])] or list(combinations(names, 2))[:1]
    found = []
    for left, right in pairs:
        one = difference(*(_source(card, name) for name in (left, right)))
        found.append((left, right, one.added, one.removed))
    return found


def _source(card: Scenario, name: str) -> Source:
    return view_source(card, variant_named(card, name))


def _excused(card: Scenario) -> list[Variant]:
    return [variant for variant in card.variants if variant.not_applicable]
