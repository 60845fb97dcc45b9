"""What became of the claims, on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from apps.results.console import print_findings
from apps.scenarios.claims import CLAIMS, READINESS
from apps.scenarios.evidence import Finding, State

FOUND = {name: Finding(state, f"[{name}] is [red]") for name, state in zip(CLAIMS, [*State] * 3, strict=False)}
ABOUT_SPEED = [name for name, claim in CLAIMS.items() if claim.unjudged != READINESS]


def shown(width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    print_findings(console, FOUND)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 170])
def test_every_claim_about_speed_has_its_state_and_its_numbers_as_they_are(width: int) -> None:
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text.replace("when …", ""), "nothing is cut off"
    flat = " ".join(text.split())
    for name in ABOUT_SPEED:
        assert f"{name} {FOUND[name].state} " in flat
        assert FOUND[name].numbers in flat


def test_each_stands_beside_its_own_sentence() -> None:
    flat = " ".join(shown(400).split())
    for name in ABOUT_SPEED:
        assert f" {name} {FOUND[name].state} {CLAIMS[name].text} {FOUND[name].numbers}" in flat


def test_what_is_not_about_speed_is_left_to_the_documents() -> None:
    assert {name for name in CLAIMS if f"[{name}]" not in shown(170)} == {*CLAIMS} - {*ABOUT_SPEED} == {"C10", "C12"}
