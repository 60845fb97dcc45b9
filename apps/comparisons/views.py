"""The pages: thin, what they show is computed elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.results.store import latest_run, load_run
from apps.scenarios.registry import scenarios
from benchmarks.record import RunRecord
from benchmarks.reports.sentences import sentence
from benchmarks.servers.base import Interface
from benchmarks.stats.summary import summarise


def index(request: HttpRequest) -> HttpResponse:
    """Scenarios, their variants, and the last run."""
    stored = latest_run()
    record = load_run(stored) if stored else None
    tables = _tables(record) if record else []
    cards = [
        {
            "card": card,
            "served": [variant for variant in card.applicable if Interface.AIOHTTP not in variant.interfaces],
        }
        for card in scenarios().values()
    ]
    return render(request, "comparisons/index.html", {"cards": cards, "stored": stored, "tables": tables})


def _tables(record: RunRecord) -> list[dict[str, Any]]:
    return [
        {"card": card, "rows": summarise(record, card.name), "sentence": sentence(record, card.name)}
        for card in record.scenarios
    ]
