"""The list of runs: what it shows, what it asks of the database, what it says to bad input."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.results.listing import Wanted, find_runs
from apps.results.models import Run
from apps.results.reports import store_reports
from apps.results.store import save_run
from benchmarks.record import RunRecord, State
from benchmarks.tests.records import run_record
from benchmarks.tests.reference_runs import commit, reference, run_of

pytestmark = pytest.mark.django_db


def stored(record: RunRecord | None = None) -> Run:
    record = record or run_of("plaintext", cells=2)
    run = save_run(record)
    store_reports(run, record)
    return run


def copies(run: Run, count: int) -> None:
    """Rows like this one, for what only looks at rows."""
    for _ in range(count):
        run.pk = None
        run.save(force_insert=True)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def listed(client: Client, query: str = "") -> list[int]:
    """The numbers in the list, in its order."""
    page = client.get(f"/runs/{query}").content.decode()
    return [int(number) for number in re.findall(r'name="run" value="(\d+)"', page)]


def test_without_a_run_it_says_what_to_run(client: Client) -> None:
    page = client.get("/runs/").content.decode()
    assert "python manage.py runbench" in page
    assert "importrun" in page
    assert 'name="run"' not in page


def test_the_newest_comes_first_with_what_it_is(client: Client) -> None:
    first = stored()
    second = stored(
        replace(run_of("plaintext", "orm_read", cells=1), state=State.FAILED, reason="at least one cell failed")
    )
    assert listed(client) == [second.pk, first.pk]
    begun, ended = (datetime.fromisoformat(moment) for moment in (reference().started_at, reference().finished_at))
    minutes = round((ended - begun).total_seconds() / 60)
    text = text_of(client.get("/runs/").content.decode())
    for words in ("orm_read, plaintext", "failed", "at least one cell failed", f"{minutes} min", commit(), "4 levels"):
        assert words in text


def test_the_list_asks_the_same_of_the_database_whatever_is_stored(client: Client) -> None:
    run = stored()
    one = queries(client, "/runs/")
    copies(run, 70)
    assert queries(client, "/runs/") == one
    cpu = reference().environment["cpu"].split()[0].lower()
    assert queries(client, f"/runs/?page=2&scenario=plaintext&state=ok&text={cpu}") <= 5
    assert one <= 4


def test_the_list_does_not_read_what_it_does_not_show(client: Client) -> None:
    stored()
    (run,) = find_runs(Wanted())
    assert run.get_deferred_fields() >= {"environment", "command_host", "finished_at"}
    with CaptureQueriesContext(connection) as caught:
        client.get("/runs/")
    assert not [query["sql"] for query in caught if "results_cell" in query["sql"] or "results_round" in query["sql"]]


def test_fifty_are_a_page(client: Client) -> None:
    run = stored()
    copies(run, 70)
    numbers = list(Run.objects.values_list("pk", flat=True))
    assert listed(client) == numbers[:50]
    assert listed(client, "?page=2") == numbers[50:]
    assert 'href="?page=2"' in client.get("/runs/").content.decode()
    assert 'href="?state=ok&amp;page=2"' in client.get("/runs/?state=ok").content.decode()


def test_the_list_is_narrowed_down(client: Client) -> None:
    plain, slow = stored(), stored(run_of("slow_io", cells=1))
    other = replace(run_record(), state=State.ABORTED, reason="interrupted by Ünal", notes=["watched live"])
    other = replace(other, started_at="2030-01-01T00:00:00+00:00")
    ended = stored(other)
    for query, wanted in {
        "?scenario=slow_io": [slow],
        "?scenario=plaintext": [ended, plain],
        "?state=aborted": [ended],
        "?state=ok&scenario=plaintext": [plain],
        "?text=interrupted": [ended],
        "?text=WATCHED": [ended],
        f"?text={commit()[:6]}": [slow, plain],
        "?text=gthread": [],
        "?text=gunicorn-sync": [slow, plain],
        "?text=100%25": [],
        "?scenario=&state=&text=": [ended, slow, plain],
    }.items():
        assert listed(client, query) == [run.pk for run in wanted], query
    assert "No run is like that" in client.get("/runs/?state=failed").content.decode()


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("scenario=wat", 400, "There is no scenario “wat”"),
        ("scenario=<script>", 400, "There is no scenario “&lt;script&gt;”"),
        ("state=void", 400, "A run cannot be “void”: it is ok, running, aborted or failed."),
        ("page=x", 400, "“x” is not the number of a page"),
        ("page=0", 400, "is not the number of a page"),
        ("page=-1", 400, "is not the number of a page"),
        ("page=%C2%B2", 400, "is not the number of a page"),
        ("page=" + "9" * 30, 400, "is not the number of a page"),
        ("page=2", 404, "There is no page 2 of the runs"),
        ("text=" + "x" * 101, 400, "longer than 100 characters"),
        ("text=a%00", 400, "has a character that no text has"),
    ],
)
def test_bad_input_is_answered_with_a_reason(client: Client, query: str, status: int, said: str) -> None:
    stored()
    answer = client.get(f"/runs/?{query}")
    assert answer.status_code == status
    assert said in answer.content.decode()


def test_two_ticks_become_the_address_of_their_comparison_older_first(client: Client) -> None:
    later = stored()
    earlier = stored(replace(run_of("plaintext", cells=1), started_at="2020-01-01T00:00:00+00:00"))
    answer = client.get(f"/runs/compare/?run={later.pk}&run={earlier.pk}")
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{earlier.pk}/compare/{later.pk}/")


@pytest.mark.parametrize("query", ["", "run=1", "run=1&run=2&run=3", "run=x&run=1", "run=²&run=1", "run=-1&run=1"])
def test_other_ticks_are_refused_with_a_way_back(client: Client, query: str) -> None:
    answer = client.get(f"/runs/compare/?{query}")
    assert answer.status_code == 400
    assert 'href="/runs/"' in answer.content.decode()


def test_a_ticked_run_that_is_gone_is_a_404(client: Client) -> None:
    assert client.get("/runs/compare/?run=1&run=2").status_code == 404


@pytest.mark.parametrize("path", ["/runs/", "/runs/1/", "/runs/compare/", "/runs/1/compare/1/", "/runs/1/run.json"])
def test_nothing_here_is_changed_from_outside(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
