"""The page of one run and its files: all that is known of it, whatever became of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from apps.comparisons.tests.test_runs import copies, listed, queries, stored, text_of
from apps.results.models import Cell, Race, Run, StoredReport
from apps.results.store import GONE, save_run
from benchmarks.record import State
from benchmarks.tests.full_record import full_run
from benchmarks.tests.records import run_record
from benchmarks.tests.reference_runs import commit, reference, run_of
from benchmarks.tests.schema_1 import run_1

pytestmark = pytest.mark.django_db


def test_the_page_of_a_run_says_all_of_it(client: Client) -> None:
    run = stored(run_of("plaintext", "fan_out"))
    page = client.get(f"/runs/{run.pk}/").content.decode()
    text = text_of(page)
    begun = datetime.fromisoformat(reference().started_at)
    for words in (
        f"Run {run.pk}",
        f"{begun.day} {begun:%B %Y, %H:%M} UTC",
        "runbench fan_out plaintext",
        "Nearly",
        "2 CPUs",
        f"commit {commit()}",
        "Verdict: ",
        "A response built from many calls to microservices wants async.",
        "python -m gunicorn project.wsgi:application",
        "shared_buffers",
    ):
        assert words in text, words
    for kind in ("html", "md", "csv", "json"):
        assert f'href="/runs/{run.pk}/run.{kind}"' in page
    assert f'href="/scenarios/fan_out/?run={run.pk}"' in page
    assert 'href="#fan_out"' in page
    assert 'id="fan_out"' in page
    assert "not measured" not in text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_command_line_that_was_kept_is_shown_as_it_was(client: Client) -> None:
    record = run_of("plaintext", cells=1)
    run = stored(replace(record, options={**record.options, "command": ["plaintext", "--seed", "3"]}))
    text = text_of(client.get(f"/runs/{run.pk}/").content.decode())
    assert "python manage.py runbench plaintext --seed 3 " in text
    assert "Nearly" not in text


def test_the_page_asks_the_same_of_the_database_whatever_is_stored(client: Client) -> None:
    run = stored()
    client.get(f"/runs/{run.pk}/")
    one = queries(client, f"/runs/{run.pk}/")
    for _ in range(5):
        stored()
    large = stored(run_of("plaintext", "slow_io", "orm_read"))
    copies(Run.objects.get(pk=run.pk), 30)
    assert queries(client, f"/runs/{run.pk}/") == queries(client, f"/runs/{large.pk}/") == one <= 5


def test_a_card_that_is_gone_leaves_its_runs_readable(client: Client) -> None:
    record = run_of("plaintext", cells=1)
    gone = replace(
        record,
        scenarios=[replace(record.scenarios[0], name="long_gone")],
        cells=[replace(cell, scenario="long_gone") for cell in record.cells],
    )
    run = stored(gone)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert 'id="long_gone"' in page
    assert "/scenarios/long_gone/" not in page
    assert listed(client, "?scenario=long_gone") == [run.pk]


def test_a_run_that_is_going_on_says_so_and_what_there_is(client: Client, django_user_model: Any) -> None:
    record = replace(run_of("plaintext", cells=2), state=State.RUNNING, finished_at="", wall_s=0.0)
    run = save_run(record)
    Run.objects.filter(pk=run.pk).update(state="running")
    race = Race.objects.create(asked={}, run=run)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "This run is going on" in page
    assert f'href="/live/{race.pk}/"' in page
    assert "sync@gunicorn-sync" in text_of(page)
    assert not StoredReport.objects.exists()


def test_a_run_whose_command_is_gone_is_shown_as_aborted(client: Client) -> None:
    run = save_run(replace(run_record(), state=State.RUNNING))
    Run.objects.filter(pk=run.pk).update(command_started=0.0)
    text = text_of(client.get(f"/runs/{run.pk}/").content.decode())
    assert f"This run was aborted: {GONE}" in text
    assert "Nothing had been measured" in text


def test_a_run_with_every_field_has_a_page(client: Client) -> None:
    run = stored(full_run())
    text = text_of(client.get(f"/runs/{run.pk}/").content.decode())
    assert "interrupted" in text
    assert "Ünicode ™" in text


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: Cell.objects.filter(run=run).update(hosting={"workers": "two"}),
        lambda run: Run.objects.filter(pk=run.pk).update(schema=99),
        lambda run: Run.objects.filter(pk=run.pk).update(scenarios=[{"name": "plaintext"}]),
        lambda run: Run.objects.filter(pk=run.pk).update(schema=1, options=3),
    ],
)
def test_a_run_that_cannot_be_read_says_so_and_what_can_be_done(client: Client, damage: Any) -> None:
    run = save_run(run_of("plaintext", cells=2))
    damage(run)
    answer = client.get(f"/runs/{run.pk}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "This run is stored, but cannot be read" in page
    assert "Traceback" not in page
    assert f'href="/runs/{run.pk}/run.json"' in page
    assert client.get(f"/runs/{run.pk}/run.json").status_code == 200
    refused = client.get(f"/runs/{run.pk}/run.html")
    assert refused.status_code == 409
    assert f'href="/runs/{run.pk}/"' in refused.content.decode()
    assert client.get("/runs/").status_code == client.get("/").status_code == 200


def test_a_run_of_an_older_schema_is_shown_and_says_so(client: Client) -> None:
    data = run_1()
    for cell in data["cells"]:
        cell["level"] = "32 connections"
    number = store_old(data)
    text = text_of(client.get(f"/runs/{number}/").content.decode())
    assert "stored by an older version (schema 1)" in text
    assert "async@uvicorn" in text


def store_old(data: dict[str, Any]) -> int:
    """As the migrations leave a run of schema 1: its cells have levels, and the numbers they were made from."""
    moments = {name: datetime.fromisoformat(data[name]) for name in ("started_at", "finished_at")}
    columns = {name: value for name, value in data.items() if name not in ("cells", *moments)}
    run = Run.objects.create(**columns, **moments, command_host="there", command_pid=1, command_started=0.0)
    for cell in data["cells"]:
        key = {name: cell.pop(name) for name in ("scenario", "contender", "level", "state", "reason")}
        rounds = cell.pop("rounds")
        row = Cell.objects.create(run=run, hosting=cell, **key)
        for entry in rounds:
            row.rounds.create(**{**entry, "started_at": datetime.fromisoformat(entry["started_at"])})
    return run.pk


def test_a_run_that_was_deleted_is_a_404_that_names_the_newest(client: Client) -> None:
    runs = [stored() for _ in range(2)]
    gone = stored()
    number = gone.pk
    gone.delete()
    for path in (f"/runs/{number}/", f"/runs/{number}/run.json", f"/runs/{number}/compare/{runs[0].pk}/"):
        answer = client.get(path)
        assert answer.status_code == 404
        page = answer.content.decode()
        assert f"There is no run {number}" in page
        assert all(f'href="/runs/{run.pk}/"' in page for run in runs)
    assert client.get(f"/runs/{10**30}/").status_code == 404


def test_an_export_is_a_file_with_a_name(client: Client) -> None:
    run = stored()
    for kind, media_type in (
        ("json", "application/json"),
        ("csv", "text/csv"),
        ("md", "text/markdown"),
        ("html", "text/html"),
    ):
        answer = client.get(f"/runs/{run.pk}/run.{kind}")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(media_type)
        assert answer["Content-Disposition"] == f'attachment; filename="crossover-run-{run.pk}.{kind}"'


def test_an_unknown_kind_is_a_404_that_names_the_four(client: Client) -> None:
    run = stored()
    answer = client.get(f"/runs/{run.pk}/run.pdf")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert all(f'href="/runs/{run.pk}/run.{kind}"' in page for kind in ("html", "md", "csv", "json"))
