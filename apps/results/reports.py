"""Reports of stored runs: computed when a run ends, or when somebody asks and the code has changed since."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError
from django.db.models import Max, Q

from apps.reporting.changes import change_report
from apps.reporting.report import CLAIMS_KEY, reports, version
from apps.results.models import Cell, Run, StoredComparison, StoredGist, StoredReport
from apps.results.store import load_run
from apps.scenarios.profiles import Profile
from benchmarks.exceptions import RecordError
from benchmarks.json_codec import json_codec
from benchmarks.plan import BASELINE
from benchmarks.record import RunRecord, State
from benchmarks.stats.comparison import CellGist, RunGist, gist

logger = logging.getLogger(__name__)
CLAIMS = CLAIMS_KEY
KEPT_COMPARISONS = 200  # of the newest
Report = dict[str, Any]  # a ScenarioReport as JSON; of the claims {"claims": [a ClaimReport, …]}


@dataclass(frozen=True)
class Latest:
    """The newest figures of one scenario: a Headline as JSON, and the run that they are from."""

    run: int
    began_at: datetime
    watched: bool
    headline: dict[str, Any]


def store_reports(run: Run, record: RunRecord) -> dict[str, Report]:
    """Compute and keep all reports of a finished run; by scenario, the claims' under ``CLAIMS``."""
    found: dict[str, Report] = reports(record)
    if record.state is not State.RUNNING:
        rows = [
            StoredReport(run=run, scenario=name, version=version(), headline=report.get("headline", {}), content=report)
            for name, report in found.items()
        ]
        with _unless_locked():
            StoredReport.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["run", "scenario"],
                update_fields=["version", "headline", "content"],
            )
        _store_gist(run, gist(record))
    return found


def _store_gist(run: Run, found: RunGist) -> None:
    cells = json_codec.unstructure(found.cells)
    with _unless_locked():
        StoredGist.objects.update_or_create(run=run, defaults={"version": version(), "cells": cells})


@contextmanager
def _unless_locked() -> Iterator[None]:
    """Around what is stored for the next visit. A database that cannot be written costs that visit time, not this one
    its page: it is logged, and computed anew.
    """
    try:
        yield
    except OperationalError as error:
        logger.warning("What a page shows could not be stored, and is computed again next time: %s", error)


def reports_of(run: Run) -> dict[str, Report]:
    """All reports of a run in its scenarios' order, and that of the claims. Raises RecordError when it is damaged."""
    stored = dict(StoredReport.objects.filter(run=run, version=version()).values_list("scenario", "content"))
    if CLAIMS not in stored:  # the last one that is written
        return store_reports(run, load_run(run))
    order = {card["name"]: place for place, card in enumerate(run.scenarios)}
    return dict(sorted(stored.items(), key=lambda item: order.get(item[0], len(order))))


def report_of(run: Run, scenario: str) -> Report | None:
    """One scenario's; None where the run has no cell of it. Raises RecordError when it is damaged."""
    stored = StoredReport.objects.filter(run=run, scenario=scenario, version=version()).first()
    return stored.content if stored else reports_of(run).get(scenario)


def newest_runs(scenario: str = "") -> dict[str, Run]:
    """Of every scenario that was ever measured, or of one, the newest run that went well and has the baseline in it.

    A race only where nothing else has, and one that compares nothing only where there is no other. By name, in two
    queries whatever there is. The runs know no more than what says which they are.
    """
    cells = Cell.objects.filter(run__state=State.OK, **({"scenario": scenario} if scenario else {}))
    compares = Q(contender__startswith=BASELINE, state=State.OK)
    began = cells.values("scenario").annotate(
        best=Max("run__started_at", filter=compares & Q(run__watched=False)),
        good=Max("run__started_at", filter=compares),
        any=Max("run__started_at"),
    )
    moments = {
        found["scenario"]: found["best"] or found["good"] or found["any"] for found in began.order_by("scenario")
    }
    runs = Run.objects.filter(state=State.OK, started_at__in=set(moments.values())).only(
        "started_at", "scenarios", "watched"
    )
    found = {(card["name"], run.started_at): run for run in reversed(runs) for card in run.scenarios}
    return {name: found[name, moment] for name, moment in moments.items() if (name, moment) in found}


def latest_headlines() -> list[Latest]:
    """Of every scenario that was ever measured, the newest: by name. A number of queries that does not grow."""
    runs = newest_runs()
    newest = {name: run.pk for name, run in runs.items()}
    stored = {
        (run, scenario): headline
        for run, scenario, headline in StoredReport.objects.filter(
            run__in=set(newest.values()), version=version()
        ).values_list("run_id", "scenario", "headline")
    }
    missing = {run for scenario, run in newest.items() if (run, scenario) not in stored}
    for run in Run.objects.filter(pk__in=missing):
        with suppress(RecordError):  # its own page says that it is damaged
            for scenario, report in reports_of(run).items():
                stored[run.pk, scenario] = report.get("headline", {})
    return [
        Latest(run.pk, run.started_at, run.watched, stored[run.pk, scenario])
        for scenario, run in runs.items()
        if (run.pk, scenario) in stored
    ]


def latest_claims() -> tuple[int | None, list[dict[str, Any]]]:
    """What the newest run that judged the claims says of them, and its number; of none where there is no such run."""
    judging = Run.objects.filter(state=State.OK, options__profile__in=[Profile.CLAIMS, Profile.FULL])
    run = judging.first() or Run.objects.filter(state=State.OK).first()
    if run is None:
        return None, []
    try:
        report = report_of(run, CLAIMS)
    except RecordError:
        return None, []
    return run.pk, report["claims"] if report else []


def comparison_of(earlier: Run, later: Run) -> Report:
    """Two runs beside each other: a ChangeReport as JSON. Raises RecordError when one is damaged."""
    stored = StoredComparison.objects.filter(earlier=earlier, later=later, version=version()).first()
    if stored:
        return stored.content  # type: ignore[no-any-return]
    names = (f"run {earlier.pk}", f"run {later.pk}")
    content: Report = json_codec.unstructure(change_report(_gist_of(earlier), _gist_of(later), *names))
    if State.RUNNING not in (earlier.state, later.state):
        with _unless_locked():
            _, is_new = StoredComparison.objects.update_or_create(
                earlier=earlier, later=later, defaults={"version": version(), "content": content}
            )
            if is_new:  # there are as many pairs as runs squared, and whoever reads may ask for all of them
                oldest = StoredComparison.objects.order_by("-pk").values("pk")[KEPT_COMPARISONS:]
                StoredComparison.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
    return content


def _gist_of(run: Run) -> RunGist:
    """Raises RecordError when it is damaged."""
    stored = StoredGist.objects.filter(run=run, version=version()).first()
    if stored:
        cells = json_codec.structure(stored.cells, tuple[CellGist, ...])
        return RunGist(run.seed, run.options, run.environment, cells)
    found = gist(load_run(run))
    if run.state != State.RUNNING:
        _store_gist(run, found)
    return found
