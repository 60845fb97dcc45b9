"""The pages: thin, what they show is computed elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.results.store import latest_run, load_run
from apps.scenarios.registry import scenarios
from benchmarks.reports.tables import tables
from benchmarks.servers.base import Interface


def index(request: HttpRequest) -> HttpResponse:
    """Scenarios, their variants, and the last run."""
    stored = latest_run()
    shown = tables(load_run(stored)) if stored else []
    cards = [
        {
            "card": card,
            "served": [variant for variant in card.applicable if Interface.AIOHTTP not in variant.interfaces],
        }
        for card in scenarios().values()
    ]
    return render(request, "comparisons/index.html", {"cards": cards, "stored": stored, "tables": shown})
