"""Stored runs: the list, one of them, two beside each other, and one as a file."""

from __future__ import annotations

from typing import Any

from django.core.paginator import EmptyPage, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.gzip import gzip_page

from apps.comparisons.views.errors import Link, NotThere, bad_request, safe_only
from apps.reporting.shown import shown
from apps.results.exports import EXPORTS, run_facts
from apps.results.listing import LONGEST_TEXT, STATES, Wanted, find_runs, known_scenario, line, newest
from apps.results.models import Race, Run
from apps.results.reports import comparison_of, reports_of
from apps.results.store import mark_abandoned
from apps.scenarios.registry import scenarios
from benchmarks.exceptions import RecordError
from benchmarks.record import State

PER_PAGE = 50
SECTION = {"section": "runs"}


@gzip_page
@safe_only
def run_list(request: HttpRequest) -> HttpResponse:
    wanted = Wanted(
        scenario=request.GET.get("scenario", ""),
        state=request.GET.get("state", ""),
        text=request.GET.get("text", "").strip(),
    )
    number = request.GET.get("page", "1")
    if reason := _complaint(wanted, number):
        return bad_request(request, reason, back="runs")
    mark_abandoned()
    pages = Paginator(find_runs(wanted), PER_PAGE)
    try:
        page = pages.page(int(number))
    except EmptyPage:
        last = Link(f"{reverse('runs')}?{_query(wanted, pages.num_pages)}", f"page {pages.num_pages}, the last one")
        raise NotThere(f"There is no page {number} of the runs.", [last]) from None
    context = {
        "wanted": wanted,
        "scenarios": sorted({*scenarios(), *filter(None, [wanted.scenario])}),
        "states": STATES,
        "page": page,
        "lines": [line(run) for run in page],
        "earlier": _query(wanted, page.next_page_number()) if page.has_next() else "",
        "later": _query(wanted, page.previous_page_number()) if page.has_previous() else "",
    }
    return render(request, "comparisons/run_list.html", SECTION | context)


def _complaint(wanted: Wanted, page: str) -> str:
    """Why the list cannot be narrowed down like this; nothing where it can."""
    if wanted.scenario and wanted.scenario not in scenarios() and not known_scenario(wanted.scenario):
        return f"There is no scenario “{wanted.scenario[:60]}”, and no run has one of that name."
    if wanted.state and wanted.state not in STATES:
        return f"A run cannot be “{wanted.state[:60]}”: it is {', '.join(STATES[:-1])} or {STATES[-1]}."
    if len(wanted.text) > LONGEST_TEXT:
        return f"The text to look for is longer than {LONGEST_TEXT} characters."
    if not wanted.text.isprintable():
        return "The text to look for has a character that no text has."
    if not (page.isascii() and page.isdigit() and int(page[:18]) > 0 and len(page) <= 18):
        return f"“{page[:60]}” is not the number of a page."
    return ""


def _query(wanted: Wanted, page: int) -> str:
    given = {"scenario": wanted.scenario, "state": wanted.state, "text": wanted.text}
    return urlencode({name: value for name, value in given.items() if value} | {"page": page})


@gzip_page
@safe_only
def run(request: HttpRequest, pk: int) -> HttpResponse:
    mark_abandoned()
    found = _run_or_404(pk)
    context: dict[str, Any] = {
        "run": found,
        "race": Race.objects.filter(run=found).only("pk").first(),
        "going_on": found.state == State.RUNNING,
        "exports": EXPORTS.values(),
    }
    try:
        context |= shown(reports_of(found))
    except RecordError as error:
        return render(request, "comparisons/run.html", SECTION | context | {"damage": error})
    for section in context["sections"]:
        if section["name"] in scenarios():
            section["href"] = f"{reverse('scenario', args=[section['name']])}?run={pk}"
    return render(request, "comparisons/run.html", SECTION | context | {"facts": run_facts(found)})


def _run_or_404(pk: int) -> Run:
    """Raises NotThere, which names the newest runs."""
    found = Run.objects.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        instead = [Link(reverse("run", args=[one.pk]), f"run {one.pk} ({one.state})") for one in newest()]
        told = "It was deleted, or never stored here." if instead else "None is stored yet: python manage.py runbench."
        raise NotThere(f"There is no run {pk}. {told}", instead)
    return found


@safe_only
def compare_chosen(request: HttpRequest) -> HttpResponse:
    """Two ticks in the list, as the address of their comparison."""
    chosen = request.GET.getlist("run")
    if len(chosen) != 2:
        were = "was" if len(chosen) == 1 else "were"
        return bad_request(request, f"Tick two runs to compare; {len(chosen)} {were} ticked.", back="runs")
    if not all(text.isascii() and text.isdigit() and len(text) <= 18 for text in chosen):
        return bad_request(request, "Runs are compared by their numbers.", back="runs")
    first, second = sorted((_run_or_404(int(text)) for text in chosen), key=lambda one: (one.started_at, one.pk))
    return redirect("compare", first.pk, second.pk)


@gzip_page
@safe_only
def compare(request: HttpRequest, earlier: int, later: int) -> HttpResponse:
    mark_abandoned()
    runs = [_run_or_404(earlier), _run_or_404(later)]
    context: dict[str, Any] = {"earlier": runs[0], "later": runs[1], "same": earlier == later}
    if not context["same"]:
        try:
            found = comparison_of(*runs)
        except RecordError as error:
            context["damage"] = error
        else:
            context |= {"found": found, "charts": {chart["id"]: chart for chart in found["charts"]}}
    return render(request, "comparisons/compare.html", SECTION | context)


@safe_only
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    found = _run_or_404(pk)
    if kind not in EXPORTS:
        instead = [
            Link(reverse("export", args=[pk, name]), f"run.{name}: {one.about}") for name, one in EXPORTS.items()
        ]
        raise NotThere(f"A run is not exported as “{kind[:30]}”: it is as {', '.join(EXPORTS)}.", instead)
    try:
        text = EXPORTS[kind].make(found)
    except RecordError as error:
        reason = f"{error}. As JSON it can be had just as it is stored."
        return bad_request(request, reason, status=409, back=reverse("run", args=[pk]))
    return HttpResponse(
        text,
        content_type=EXPORTS[kind].media_type,
        headers={"Content-Disposition": f'attachment; filename="crossover-run-{pk}.{kind}"'},
    )
