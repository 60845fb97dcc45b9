"""The documents that are made from the cards and one run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from apps.results.documents import documents
from apps.scenarios.claims import CLAIMS, Claim, findings
from apps.scenarios.contract import Scenario
from apps.scenarios.evidence import Finding
from apps.scenarios.planning import build_plan
from apps.scenarios.profiles import Profile
from apps.scenarios.registry import scenarios
from apps.scenarios.tests.planned_runs import carried_out
from benchmarks.record import RunRecord
from benchmarks.reports.sentences import sentence

DOCS = Path(__file__).parents[3] / "docs"
INDEX, JUDGED = "scenarios/README.md", "claims.md"
every_card = pytest.mark.parametrize("card", scenarios().values(), ids=list(scenarios()))


def a_run(names: list[str] | None = None) -> RunRecord:
    run = carried_out(build_plan(names or [], profile=Profile.FULL))
    packages = {"django": "5.2", "uvicorn": "0.40", "aiohttp": "3.13", "psycopg": "3.2"}
    run.environment = {"cpu": "A CPU", "cpu_count": 2, "python": "3.11.4", "packages": packages}
    run.started_at = "2026-02-03T04:05:06+00:00"
    return run


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return a_run()


@pytest.fixture(scope="module")
def pages(run: RunRecord) -> dict[str, str]:
    return documents(run)


@pytest.fixture(scope="module")
def found(run: RunRecord) -> dict[str, Finding]:
    return findings(run)


def page(pages: dict[str, str], card: Scenario) -> str:
    return pages[f"scenarios/{card.name}.md"]


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_there_is_a_page_for_every_card_an_index_and_one_for_the_claims(pages: dict[str, str]) -> None:
    assert set(pages) == {INDEX, JUDGED, *(f"scenarios/{name}.md" for name in scenarios())}


def test_every_page_says_from_what_it_is_made_and_ends_with_one_newline(pages: dict[str, str]) -> None:
    for text in pages.values():
        assert text.startswith("<!-- Made by `manage.py writedocs` from ")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text, "no paragraph is empty"


def test_every_row_of_a_table_has_as_many_cells_as_its_headings(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(widths) == 1, (path, table)


def test_every_link_leads_somewhere(pages: dict[str, str]) -> None:
    for path, text in pages.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            name, _, anchor = target.partition("#")
            linked = ((DOCS / path).parent / name if name else DOCS / path).resolve().relative_to(DOCS).as_posix()
            assert linked in pages or (DOCS / linked).is_file(), (path, target)
            if anchor:
                assert f"\n## {anchor.upper()}\n" in pages[linked]


@every_card
def test_the_index_links_every_card_with_its_question_and_claims(card: Scenario, pages: dict[str, str]) -> None:
    claims = ", ".join(f"[{name}](../claims.md#{name.lower()})" for name in card.claims)
    assert f"| [{card.name}]({card.name}.md) | {card.question} | {claims} |" in pages[INDEX].splitlines()


@every_card
def test_a_page_has_what_its_card_says(card: Scenario, pages: dict[str, str], found: dict[str, Finding]) -> None:
    text = page(pages, card)
    assert f"\n# {card.name}: {card.title[0].lower()}{card.title[1:]}\n\n**{card.question}**\n\n{card.look_for}" in text
    for name in card.claims:
        assert f"{CLAIMS[name].text} *{found[name].state}*" in section(text, "What it is about")
    for variant in card.variants:
        told = f"not applicable: {variant.not_applicable}" if variant.not_applicable else variant.summary
        assert f"| {variant.name} | {told} | " in section(text, "Its variants")
    for setting in card.settings.values():
        assert f"| `{setting.name}` | {setting.value:g} | {setting.least:g} to {setting.most:g} |" in text
    for query in filter(None, card.malformed):
        assert f"`{query}`" in text
    assert f"A request: `{card.method} /{card.name}/<variant>/" in text
    assert f"python manage.py runbench {card.name}\n" in section(text, "Run it")


@every_card
def test_a_page_has_the_figures_of_its_run(card: Scenario, pages: dict[str, str], run: RunRecord) -> None:
    measured = section(page(pages, card), "Measured")
    assert measured.startswith(
        "\nFigures of one run of 2026-02-03 (`runbench --profile full`, seed 1, 5 rounds of 0.5 s), "
    )
    assert "A CPU, 2 CPUs, Python 3.11.4, django 5.2, uvicorn 0.40, aiohttp 3.13. Yours will differ" in measured
    assert "\n| contender | " in measured
    assert sentence(run, card.name) in measured


def test_what_a_request_costs_behind_the_server_is_told_for_every_kind_of_answer(pages: dict[str, str]) -> None:
    assert "counted there: 3 statements for status 200; " in page(pages, scenarios()["orm_read"])
    assert "counted there: nothing for status 200." in page(pages, scenarios()["plaintext"])
    assert "4 cache commands (with a Redis) for status 200." in page(pages, scenarios()["cached"])
    assert "10 upstream calls for status 200." in page(pages, scenarios()["fan_out"])


def test_hops_are_told_of_stock_django_beside_the_fast_lane_wherever_there_is_a_loop(pages: dict[str, str]) -> None:
    rows = section(page(pages, scenarios()["orm_read"]), "Its variants").splitlines()
    assert next(row for row in rows if row.startswith("| async |")).endswith(" | 3 | 18 | 3 |")
    assert next(row for row in rows if row.startswith("| aiohttp |")).endswith(" | 0 | – | – |")


def test_an_audit_is_told_where_there_is_one(pages: dict[str, str]) -> None:
    told = {card.name for card in scenarios().values() if "an audit of the database" in page(pages, card)}
    assert told == {card.name for card in scenarios().values() if card.audit}


def test_a_card_that_is_not_in_the_run_says_so_and_has_all_else() -> None:
    pages = documents(a_run(["plaintext"]))
    orm_read = page(pages, scenarios()["orm_read"])
    assert section(orm_read, "Measured").strip() == "It is not in the reference run."
    assert "| sync | three ORM queries | 0 | 0 | 16 | 1 |" in orm_read
    assert "| contender |" in page(pages, scenarios()["plaintext"])


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=list(CLAIMS))
def test_the_claims_page_has_every_claim_with_its_state_and_numbers(
    claim: Claim, pages: dict[str, str], found: dict[str, Finding]
) -> None:
    name, text, finding = claim.id, claim.text, found[claim.id]
    assert f"| [{name}](#{name.lower()}) | {text} | **{finding.state}** |" in pages[JUDGED].splitlines()
    told = section(pages[JUDGED], name)
    assert f"> {text}\n" in told
    state = f"{finding.state[0].upper()}{finding.state[1:]}".removesuffix(" …")
    assert f"**{state}{'…' if finding.state.endswith('…') else '.'}** {finding.numbers}\n" in told
    for card in scenarios().values():
        linked = name in card.claims or card.name in claim.judged_from
        assert told.count(f"[{card.name}](scenarios/{card.name}.md)") == linked
    assert ("Judged from: " in told) == bool(claim.judged_from)


def test_the_same_run_always_makes_the_same_documents(run: RunRecord, pages: dict[str, str]) -> None:
    assert documents(replace(run)) == pages


def test_a_run_of_named_scenarios_does_not_pretend_to_a_profile() -> None:
    for text in documents(a_run(["plaintext"])).values():
        assert "--profile `" not in text
