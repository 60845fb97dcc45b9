"""Two runs beside each other on a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.comparisons.tests.test_runs import stored, text_of
from apps.results import reports
from apps.results.models import Cell, StoredComparison, StoredGist
from benchmarks.plan import BASELINE
from benchmarks.record import State
from benchmarks.tests.records import cell_record, run_record
from benchmarks.tests.reference_runs import run_of

pytestmark = pytest.mark.django_db
SLOW, FAST = (1000, 1010, 990, 1005, 995), (2000, 2010, 1990, 2005, 1995)


def test_what_changed_comes_first_with_its_interval_and_chart(client: Client) -> None:
    before = stored(run_record(cell_record(BASELINE, SLOW), cell_record("async@uvicorn", SLOW), duration_s=0.5))
    after = stored(run_record(cell_record(BASELINE, SLOW), cell_record("async@uvicorn", FAST), duration_s=2.0))
    page = client.get(f"/runs/{before.pk}/compare/{after.pk}/").content.decode()
    text = text_of(page)
    assert f"From run {before.pk} to run {after.pk}" in text
    assert re.search(r"2\.00 × \([\d.]+–[\d.]+\) better", text)
    assert text.index("What changed") < text.index("Where no difference is seen")
    assert "duration_s 0.5 2" in text
    for href in (f"/runs/{before.pk}/", f"/runs/{after.pk}/", f"/runs/{after.pk}/compare/{before.pk}/"):
        assert f'href="{href}"' in page
    (data,) = re.findall(r'<script id="charts" type="application/json">(.*?)</script>', page)
    ((name, chart),) = json.loads(data).items()
    assert f'data-chart="{name}"' in page
    assert (chart["kind"], chart["x"]["scale"]) == ("intervals", "log")
    assert chart["y"]["names"][0] == "plaintext async@uvicorn"


def test_the_same_run_twice_says_so(client: Client) -> None:
    run = stored()
    text = text_of(client.get(f"/runs/{run.pk}/compare/{run.pk}/").content.decode())
    assert "That is the same run twice" in text


def test_runs_without_a_common_cell_say_so(client: Client) -> None:
    before, after = stored(), stored(run_of("slow_io", cells=1))
    text = text_of(client.get(f"/runs/{before.pk}/compare/{after.pk}/").content.decode())
    assert "No cell is in both" in text
    assert "application/json" not in text


def test_no_more_pairs_are_kept_than_a_few(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "KEPT_COMPARISONS", 2)
    runs = [stored() for _ in range(4)]
    for run in runs[1:]:
        client.get(f"/runs/{runs[0].pk}/compare/{run.pk}/")
    assert list(StoredComparison.objects.values_list("later", flat=True)) == [runs[2].pk, runs[3].pk]


def test_it_is_computed_once_and_takes_few_queries(client: Client) -> None:
    before, after = stored(), stored(run_of("plaintext"))
    path = f"/runs/{before.pk}/compare/{after.pk}/"
    client.get(path)
    assert StoredComparison.objects.count() == 1
    with CaptureQueriesContext(connection) as caught:
        client.get(path)
    assert len(caught) <= 4
    assert not any("results_round" in query["sql"] for query in caught)


def test_a_run_that_is_going_on_is_compared_as_far_as_it_is(client: Client) -> None:
    before = stored()
    after = stored(replace(run_of("plaintext", cells=1), state=State.RUNNING))
    page = client.get(f"/runs/{before.pk}/compare/{after.pk}/").content.decode()
    assert "Cells in both runs: 1" in page
    assert not StoredComparison.objects.exists()


def test_a_damaged_run_cannot_be_compared_and_says_why(client: Client) -> None:
    before, after = stored(), stored()
    Cell.objects.filter(run=after).update(hosting={})
    StoredGist.objects.filter(run=after).delete()  # as of a run that was stored by older code
    answer = client.get(f"/runs/{before.pk}/compare/{after.pk}/")
    assert answer.status_code == 200
    assert f"run {after.pk} is damaged" in answer.content.decode()
