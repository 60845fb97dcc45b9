"""The exported file stands alone: it loads nothing, runs nothing foreign, and says all that the page says."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from apps.reporting.exported import LIBRARY, MODULES, STYLES, checked, drawing, exported_html, inlined
from apps.reporting.report import reports
from benchmarks.record import RunRecord, State
from benchmarks.tests.records import cell_record, run_record
from benchmarks.tests.reference_runs import run_of

LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href"}


class Page(HTMLParser):
    """Its attributes that could load something, its inline code, its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.codes: list[tuple[str, dict[str, str | None], str]] = []
        self.policy, self.links, self.ids, self.inside = "", [], [], ""
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.loads += [f"{tag} {name}" for name in told if name in LOADING]
        self.loads += [f"{tag} {name}" for name in told if name == "style" or name.startswith("on")]
        self.ids += [told["id"]] if told.get("id") else []
        if tag in ("link", "base", "iframe", "img", "object", "embed"):
            self.loads.append(tag)
        if tag == "a":
            self.links.append(told.get("href") or "")
        if tag == "meta" and told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"] or ""
        if tag in ("script", "style"):
            self.codes.append((tag, told, ""))
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, told, text = self.codes[-1]
            self.codes[-1] = (tag, told, text + data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return run_of("plaintext", "fan_out")


@pytest.fixture(scope="module")
def text(run: RunRecord) -> str:
    return exported_html(run, "Crossover run 6")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    assert page.loads == []
    assert page.links, "the strip leads to the scenarios"
    assert {link[:1] for link in page.links} == {"#"}
    assert {link[1:] for link in page.links} <= set(page.ids)
    for name in STYLES:
        assert "url(" not in inlined(name)
        assert "@import" not in inlined(name)


def test_the_policy_lets_run_what_is_in_the_file_and_nothing_else(page: Page) -> None:
    parts = dict(part.split(" ", 1) for part in page.policy.split("; "))
    assert (parts["default-src"], parts["base-uri"], parts["form-action"]) == ("'none'",) * 3
    executed = [code for tag, told, code in page.codes if tag == "script" and told.get("type") != "application/json"]
    for directive, codes in (
        ("script-src", executed),
        ("style-src", [code for tag, _, code in page.codes if tag == "style"]),
    ):
        assert len(codes) == 2
        hashes = [f"'sha256-{b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" for code in codes]
        assert parts[directive].split() == hashes


def test_every_chart_has_its_data_its_place_and_its_table(text: str, page: Page, run: RunRecord) -> None:
    (data,) = [json.loads(code) for _, told, code in page.codes if told.get("id") == "charts"]
    made = reports(run)
    wanted = {f"{name}:{chart['id']}" for name in ("plaintext", "fan_out") for chart in made[name]["charts"]}
    assert set(data) == wanted
    assert all(f'data-chart="{name}"' in text for name in wanted)
    assert made["fan_out"]["charts"][0]["table"]["rows"][0]["texts"][1] in page.text


def test_it_says_what_the_page_says_without_javascript(page: Page) -> None:
    for words in ("Crossover run 6", "Verdict: ", "plaintext", "fan_out", "C5", "runbench fan_out plaintext"):
        assert words in page.text
    assert "--worker-class" in page.text, "the exact commands"


@pytest.mark.parametrize("name", [*STYLES, LIBRARY, *MODULES])
def test_what_is_inlined_cannot_end_its_tag(name: str) -> None:
    assert inlined(name)
    assert "\r" not in inlined(name)


@pytest.mark.parametrize("text", ["a</script >", "x = '</SCRIPT'", "<!-- x", "<script", "</style>"])
def test_code_that_would_end_its_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a page"):
        checked(text, "some.js")


def test_what_a_record_says_is_text_and_never_markup() -> None:
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    run = replace(run_record(cell_record(reason=bad, command=[bad]), load=bad, cpus=bad), reason=bad, notes=[bad])
    run.scenarios[0].title = bad
    run.environment = {"cpu": bad, bad: bad}
    page = Page(exported_html(replace(run, state=State.FAILED), bad))
    assert page.loads == []
    assert len(page.codes) == 5
    assert "alert(1)" in page.text


def test_a_run_without_a_cell_is_exported_too() -> None:
    run = replace(run_record(), state=State.ABORTED, reason="interrupted")
    page = Page(exported_html(run, "Crossover run 3"))
    assert "Nothing was measured before it ended." in page.text
    assert "interrupted" in page.text


def test_modules_become_one_text_that_imports_nothing() -> None:
    text = drawing()
    assert not re.findall(r"^(?:import|export)\b.*", text, re.MULTILINE)
    names = re.findall(r"^(?:const|function) (\w+)", text, re.MULTILINE)
    assert len(names) > 30
    assert len(names) == len(set(names)), "no name is in two modules"
    for name in MODULES:
        imported = re.findall(r'from "\./([a-z]+\.js)"', inlined(name))
        assert set(imported) <= set(MODULES[: MODULES.index(name)]), "each stands after those that it imports"
