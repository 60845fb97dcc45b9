"""The overview: what it shows, and that it asks no more of the database the more runs there are."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.results.models import Run, StoredReport
from apps.results.reports import store_reports
from apps.results.store import save_run
from apps.scenarios.registry import scenarios
from benchmarks.record import RunRecord, State, read

pytestmark = pytest.mark.django_db
REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "run.json"


@cache
def reference() -> RunRecord:
    return read(REFERENCE)


def of(*names: str) -> RunRecord:
    """The reference run, as if only these had been asked for."""
    record = reference()
    return replace(
        record,
        options={**record.options, "profile": ""},
        scenarios=[card for card in record.scenarios if card.name in names],
        cells=[cell for cell in record.cells if cell.scenario in names],
    )


def stored(record: RunRecord) -> Run:
    run = save_run(record)
    store_reports(run, record)
    return run


class Cells(HTMLParser):
    """Every cell of the matrix that says something: its classes and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "td":
            self.inside = dict(attrs).get("class") or "none"
            self.found.append((self.inside, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            classes, text = self.found[-1]
            self.found[-1] = (classes, (text + data).strip())


def test_without_a_run_it_says_what_to_run_and_names_every_scenario(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "Nothing has been measured yet" in page
    assert "make bench" in page
    for name in scenarios():
        assert f'href="{reverse("scenario", args=[name])}"' in page
        assert f"runbench {name}" in page
    assert page.count("not measured") == 12


def test_the_matrix_says_what_the_intervals_allow(client: Client) -> None:
    run = stored(of("fan_out"))
    page = client.get("/").content.decode()
    cells = [(classes, text) for classes, text in Cells(page).found if "says" in classes]
    assert [text.rpartition(": ")[2] for _, text in cells] == [
        *("baseline", "worse", "even", "even", "better", "better", "better"),
    ]
    for classes, text in cells:
        assert f"says-{text.rpartition(': ')[2]}" in classes.split()
    assert f"{reverse('scenario', args=['fan_out'])}?run={run.pk}#figures" in page
    assert "Go async" in page
    assert re.search(r"async@uvicorn-fastlane: [\d.]+ × \([\d.]+–[\d.]+\) at 16 connections", page)


def test_advice_has_its_scenarios_together_with_numbers_and_rule(client: Client) -> None:
    stored(of("fan_out", "orm_read", "plaintext", "cpu_bound"))
    page = client.get("/").content.decode()
    (said,) = re.findall(
        r'<div class="verdicts">(.*?)</div>\s*</section>\s*<section aria-labelledby="claims">', page, re.S
    )
    parts = re.split(r"<h3 [^>]*>", said)[1:]
    assert parts[0].startswith("Go async</h3>"), "the most scenarios first"
    assert re.findall(r"/scenarios/(\w+)/", parts[0]) == ["fan_out", "plaintext"]
    assert parts[0].count("<summary>By which rule") == 1
    (crossing,) = [part for part in parts if "/scenarios/cpu_bound/" in part]
    assert "Crossover, " in crossing and "against sync@gunicorn-threads" in crossing


def test_a_scenario_shows_its_newest_run_and_says_which(client: Client) -> None:
    old, new = stored(of("fan_out", "orm_read")), stored(of("orm_read"))
    page = client.get("/").content.decode()
    assert f"?run={old.pk}#figures" in page
    assert f"{reverse('scenario', args=['orm_read'])}?run={new.pk}#figures" in page
    assert f"{reverse('scenario', args=['orm_read'])}?run={old.pk}" not in page
    assert f">run {old.pk}</a>" in page


def test_a_run_that_did_not_end_well_does_not_hide_one_that_did(client: Client) -> None:
    good = stored(of("fan_out"))
    aborted = stored(replace(of("fan_out"), state=State.ABORTED, reason="interrupted"))
    page = client.get("/").content.decode()
    assert f"?run={good.pk}#figures" in page
    assert f"run {aborted.pk}</a>" in page
    assert "The newest of all" in page and "was aborted" in page


def test_claims_come_from_the_newest_run_that_judged_them(client: Client) -> None:
    judged = stored(reference())
    stored(of("orm_read"))
    page = client.get("/").content.decode()
    assert f'judged from <a href="{reverse("run", args=[judged.pk])}">' in page
    assert "no longer holds" in page


def test_a_run_without_the_baseline_does_not_displace_one_that_compares(client: Client) -> None:
    compared = stored(of("fan_out"))
    record = of("fan_out")
    alone = [cell for cell in record.cells if cell.contender == "async@uvicorn"]
    stored(replace(record, cells=alone, started_at="2030-01-01T00:00:00+00:00"))
    page = client.get("/").content.decode()
    assert f"{reverse('scenario', args=['fan_out'])}?run={compared.pk}#figures" in page
    assert "Go async" in page


def test_the_run_of_most_rows_is_named_above_and_others_beside_their_rows(client: Client) -> None:
    most, other = stored(of("fan_out", "orm_read")), stored(of("plaintext"))
    page = client.get("/").content.decode()
    assert re.search(rf'From <a href="[^"]*">run {most.pk}</a> of', page)
    assert re.search(rf"Framework overhead alone[^<]* · <a [^>]*>run {other.pk}</a>", page)


def test_many_runs_take_no_more_queries(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get("/").status_code == 200
        return len(found)

    stored(of("fan_out", "orm_read"))
    one = queries()
    for names in [("orm_read",), ("plaintext",), ("fan_out", "plaintext")] * 3:
        stored(of(*names))
    assert queries() == one <= 8


def test_stale_reports_are_computed_again(client: Client) -> None:
    run = stored(of("fan_out"))
    before = client.get("/").content
    StoredReport.objects.filter(run=run).update(version="of older code", headline={}, content={})
    assert client.get("/").content == before
    assert not StoredReport.objects.filter(version="of older code").exists()


def test_a_race_does_not_displace_what_was_measured_alone(client: Client) -> None:
    measured = stored(of("fan_out"))
    record = of("fan_out", "orm_read")
    later = replace(record, options={**record.options, "watched": True}, started_at="2030-01-01T00:00:00+00:00")
    race = stored(later)
    page = client.get("/").content.decode()
    assert f"{reverse('scenario', args=['fan_out'])}?run={measured.pk}#figures" in page
    assert f"{reverse('scenario', args=['orm_read'])}?run={race.pk}#figures" in page
    assert page.count("a watched race") == 1


def test_an_older_run_that_is_stored_later_is_not_the_newest(client: Client) -> None:
    newer = stored(of("fan_out"))
    older = stored(replace(of("fan_out"), started_at="2020-01-01T00:00:00+00:00"))
    page = client.get("/").content.decode()
    assert f"?run={newer.pk}#figures" in page
    assert f"?run={older.pk}#figures" not in page


def test_names_of_code_in_claims_are_code(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "behind <code>sync_to_async</code>" in page
    assert "`" not in page
