"""The scenario's page: which run's figures, which code, and what it says where something is missing."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from apps.reporting.report import version
from apps.results.models import Cell, Run, StoredReport
from apps.results.store import save_run
from apps.scenarios.registry import scenarios
from benchmarks.record import RunRecord, ScenarioRecord, State
from benchmarks.tests.records import cell_record, run_record

pytestmark = pytest.mark.django_db
NAME = "fan_out"


RATES = (1000, 1010, 990, 1005, 995)


def measured(name: str) -> RunRecord:
    """A whole run of one scenario."""
    faster = tuple(2 * rate for rate in RATES)
    cells = [cell_record(rates=RATES, scenario=name), cell_record("async@uvicorn", faster, scenario=name)]
    record = run_record(*cells)
    record.scenarios = [ScenarioRecord(name, "A title", "A question?", record.scenarios[0].baseline)]
    record.state = State.OK
    return record


@pytest.fixture
def record() -> RunRecord:
    return measured(NAME)


@pytest.fixture
def run(record: RunRecord) -> Run:
    return save_run(record)


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_has_its_page_without_any_run(client: Client, name: str):
    card, text = scenarios()[name], page(client, f"/scenarios/{name}/")
    assert card.title in text.replace("&#x27;", "'")
    assert f"python manage.py runbench {name}" in text
    assert f"apps/scenarios/{name}/scenario.py" in text
    for variant in card.applicable:
        assert f'data-url="/scenarios/{name}/try/{variant.name}/"' in text
    for variant in card.variants:
        if variant.not_applicable:
            assert variant.not_applicable.replace("'", "&#x27;") in text
    for claim in card.claims:
        assert f'href="/#{claim}"' in text


def test_hops_are_told_of_stock_django_beside_the_fast_lane(client: Client):
    rows = re.search(r'id="hops".*?<tbody>(.*?)</tbody>', page(client, "/scenarios/orm_read/"), re.DOTALL)[1]
    found = re.findall(r"<tr>(.*?)</tr>", rows)
    told = {re.sub(r"<[^>]+>", " ", row).split()[0]: re.findall(r"<td>(\d+)</td>", row) for row in found}
    assert told["async"] == ["3", "18", "3", "15"]
    assert told["sync"] == ["0", "16", "1", "15"]
    assert "aiohttp" not in told, "it has none of Django's middlewares"


def test_the_list_names_all_and_links_to_them(client: Client):
    text = page(client, "/scenarios/")
    for name, card in scenarios().items():
        assert f'href="/scenarios/{name}/"' in text
        assert card.question in text.replace("&#x27;", "'")


def test_the_newest_run_that_went_well_gives_the_figures(client: Client, record: RunRecord, run: Run):
    record.state = State.ABORTED
    aborted = save_run(record)
    text = page(client, f"/scenarios/{NAME}/")
    assert f"run {run.pk}</a> of" in text
    assert f"?run={aborted.pk}#figures" in text
    chosen = page(client, f"/scenarios/{NAME}/?run={aborted.pk}")
    assert f"run {aborted.pk}</a> of" in chosen
    assert "which is <strong>aborted</strong>" in chosen


def test_figures_are_charts_with_data_and_tables(client: Client, run: Run):
    text = page(client, f"/scenarios/{NAME}/")
    drawn = json.loads(re.search(r'<script id="charts" type="application/json">(.*?)</script>', text)[1])
    assert drawn
    assert set(re.findall(r'data-chart="([^"]+)"', text)) == set(drawn)
    assert all(name.startswith(f"{NAME}:") for name in drawn)
    assert '<table class="grid">' in text


def test_a_page_takes_few_queries_however_many_runs(client: Client, record: RunRecord, django_assert_max_num_queries):
    save_run(record)
    page(client, f"/scenarios/{NAME}/")  # computes the report, once
    with django_assert_max_num_queries(6):
        page(client, f"/scenarios/{NAME}/")
    Run.objects.bulk_create(
        Run(
            **{field.name: getattr(Run.objects.first(), field.name) for field in Run._meta.fields if field.name != "id"}
        )
        for _ in range(30)
    )
    old = Cell.objects.first()
    Cell.objects.bulk_create(
        Cell(run=one, scenario=NAME, contender=old.contender, level=old.level, state=old.state, hosting=old.hosting)
        for one in Run.objects.filter(cells=None)
    )
    newest = Run.objects.first()
    report = StoredReport.objects.filter(scenario=NAME).first()
    StoredReport.objects.create(
        run=newest, scenario=NAME, version=version(), headline=report.headline, content=report.content
    )
    with django_assert_max_num_queries(6):
        text = page(client, f"/scenarios/{NAME}/")
    assert f"run {newest.pk}</a> of" in text


def test_a_run_without_the_scenario_says_what_to_run(client: Client, run: Run):
    text = page(client, f"/scenarios/slow_io/?run={run.pk}")
    assert f"Run {run.pk} did not measure slow_io." in text
    assert "python manage.py runbench slow_io" in text


def test_a_run_that_does_not_exist_is_not_found_with_those_that_do(client: Client, run: Run):
    assert f"There is no run 999: the newest are {run.pk}" in page(client, f"/scenarios/{NAME}/?run=999", 404)


@pytest.mark.parametrize("tampered", ["x", "-1", "1.0", "9" * 30, "1;drop", "²"])
def test_a_run_that_is_no_number_is_a_bad_request(client: Client, tampered: str):
    assert "A run is a number" in page(client, f"/scenarios/{NAME}/?run={tampered}", 400)


def test_an_unknown_scenario_is_not_found_with_close_ones(client: Client):
    assert "did you mean fan_out" in page(client, "/scenarios/fan_uot/", 404)


def test_a_scenario_whose_card_is_gone_still_shows_its_figures(client: Client):
    save_run(measured("bygone"))
    text = page(client, "/scenarios/bygone/")
    assert "no scenario of that name any more" in text
    assert 'data-chart="bygone:' in text
    assert "data-try" not in text


def test_the_difference_is_a_page_of_its_own_without_javascript(client: Client):
    text = page(client, f"/scenarios/{NAME}/code/sync/async/")
    assert "lines added" in text
    assert text.count('class="no left"') > 20
    assert 'scope="colgroup"' in text
    assert "<script" not in text
    unified = page(client, f"/scenarios/{NAME}/code/sync/async/?view=unified")
    assert '<table class="diff unified code">' in unified


def test_the_form_leads_to_the_chosen_pair(client: Client):
    response = client.get(f"/scenarios/{NAME}/code/sync/async/?left=async&right=aiohttp&view=unified")
    assert (response.status_code, response["Location"]) == (302, f"/scenarios/{NAME}/code/async/aiohttp/?view=unified")
    response = client.get(f"/scenarios/{NAME}/code/sync/async/?left=wrapped")
    assert response["Location"] == f"/scenarios/{NAME}/code/wrapped/async/"


def test_another_pair_can_be_read_on_the_scenarios_page(client: Client):
    text = page(client, f"/scenarios/{NAME}/?left=wrapped&right=aiohttp")
    assert "fan_out/wrapped_view.py" in text
    assert "fan_out/sync_view.py" not in text


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        (f"/scenarios/{NAME}/code/sync/asink/", 404, "did you mean async"),
        (f"/scenarios/{NAME}/?left=asink", 400, "did you mean async"),
        ("/scenarios/middleware_tax/code/sync/wrapped/", 404, "has no variant wrapped: what differs"),
        (f"/scenarios/{NAME}/code/sync/async/?view=upside-down", 400, "view is side-by-side or unified"),
        (f"/scenarios/{NAME}/code/sync/async/?left=//evil.example", 400, "there is no variant"),
        ("/scenarios/fan_uot/code/sync/async/", 404, "did you mean fan_out"),
    ],
)
def test_unknown_names_help(client: Client, address: str, status: int, told: str):
    assert told in page(client, address, status)


@pytest.mark.parametrize("name", scenarios())
def test_all_pairs_have_their_pages(client: Client, name: str):
    names = [variant.name for variant in scenarios()[name].applicable]
    for left in names:
        for right in names:
            page(client, f"/scenarios/{name}/code/{left}/{right}/")


def test_figures_that_are_exported_ask_no_server(run: Run):
    from django.template.loader import get_template

    source = get_template("reporting/scenario_figures.html").template.source
    assert "{% url" not in source
    assert "{% static" not in source
