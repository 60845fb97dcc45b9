"""The overview: every scenario's newest figures in one matrix, what they say, and the claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page

from apps.comparisons.views.errors import safe_only
from apps.results.reports import Latest, latest_claims, latest_headlines
from apps.results.store import latest_run
from apps.scenarios.claims import CLAIMS
from apps.scenarios.evidence import State
from apps.scenarios.registry import scenarios
from benchmarks.plan import BASELINE

FIRST = (BASELINE, "sync@gunicorn-sync", "sync@uvicorn", "wrapped@uvicorn", "async@uvicorn", "async@uvicorn-fastlane")
LAST = ("aiohttp@aiohttp",)
MOST_COLUMNS = 7  # others are on the scenario's own page


@dataclass(frozen=True)
class Line:
    """A scenario in the matrix: its marks under the contenders' headings, None where it has none."""

    name: str
    title: str
    run: int | None
    watched: bool
    headline: dict[str, Any] | None
    marks: tuple[dict[str, Any] | None, ...]
    others: int = 0  # contenders that have no column

    @property
    def compares(self) -> bool:
        return any(self.marks)


@dataclass(frozen=True)
class Said:
    """One piece of advice: the scenarios that lead to it, and the rules by which it is given."""

    advice: str
    scenarios: tuple[Latest, ...]
    rules: tuple[str, ...]


@gzip_page
@safe_only
def overview(request: HttpRequest) -> HttpResponse:
    newest = latest_run()
    latest = {one.headline["scenario"]: one for one in latest_headlines()}
    usual = _usual(list(latest.values()))
    columns = _columns(list(latest.values()))
    judged_by, claims = latest_claims()
    context = {
        "section": "overview",
        "newest": newest,
        "usual": usual,
        "columns": columns,
        "lines": [_line(name, latest.get(name), columns) for name in _names(latest)],
        "said": _said(list(latest.values())),
        "claims": claims
        or [{"id": claim.id, "text": claim.text, "state": State.NOT_MEASURED} for claim in CLAIMS.values()],
        "judged_by": judged_by,
    }
    return render(request, "comparisons/overview.html", context)


def _usual(latest: Sequence[Latest]) -> Latest | None:
    """Of the run that most rows are from; the newest of those."""
    count = Counter(one.run for one in latest)
    return max(latest, key=lambda one: (count[one.run], one.began_at), default=None)


def _said(latest: Sequence[Latest]) -> list[Said]:
    """By advice: the one that most scenarios have first."""
    found: dict[str, list[Latest]] = {}
    for one in latest:
        if one.headline["advice"]:
            found.setdefault(one.headline["advice"], []).append(one)
    return [
        Said(advice, tuple(ones), tuple(dict.fromkeys(one.headline["rule"] for one in ones if one.headline["rule"])))
        for advice, ones in sorted(found.items(), key=lambda item: -len(item[1]))
    ]


def _names(latest: dict[str, Latest]) -> list[str]:
    """Measured scenarios first; those whose card is gone are still in the runs."""
    return [*latest, *(name for name in scenarios() if name not in latest)]


def _columns(latest: Sequence[Latest]) -> tuple[str, ...]:
    """The usual contenders in their usual order, then whoever is in most scenarios."""
    count: dict[str, int] = {}
    for one in latest:
        for mark in one.headline["marks"]:
            count[mark["contender"]] = count.get(mark["contender"], 0) + 1
    usual = [name for name in (*FIRST, *LAST) if name in count]
    more = sorted((name for name in count if name not in usual and count[name] > 1), key=lambda name: -count[name])
    chosen = [*usual, *more][:MOST_COLUMNS]
    return tuple(sorted(chosen, key=lambda name: name in LAST))


def _line(name: str, latest: Latest | None, columns: tuple[str, ...]) -> Line:
    card = scenarios().get(name)
    if latest is None:
        return Line(name, card.title if card else "", None, False, None, (None,) * len(columns))
    marks = {mark["contender"]: mark for mark in latest.headline["marks"]}
    found = tuple(marks.get(column) for column in columns)
    title = latest.headline["title"]
    return Line(name, title, latest.run, latest.watched, latest.headline, found, len(marks.keys() - set(columns)))
