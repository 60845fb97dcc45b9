"""How contenders look: the same everywhere, and unlike each other where they stand together."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest

from apps.reporting.style import HUES, OTHER, SHADES, style_of
from apps.reporting.templatetags.reporting import SHAPES
from apps.scenarios.registry import scenarios
from benchmarks.plan import BASELINE, Middleware
from benchmarks.servers import load_servers

STATIC = Path(__file__).resolve().parents[1] / "static" / "reporting"
REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "run.json"


def measured_together() -> dict[str, set[str]]:
    found = defaultdict(set)
    for cell in json.loads(REFERENCE.read_text())["cells"]:
        found[cell["scenario"]].add(cell["contender"])
    return found


@pytest.mark.parametrize("scenario", measured_together())
def test_no_two_contenders_of_a_scenario_look_alike(scenario: str):
    names = measured_together()[scenario]
    assert len({style_of(name) for name in names}) == len(names)


@pytest.mark.parametrize("server", load_servers())
@pytest.mark.parametrize("variant", HUES)
def test_middlewares_look_unlike_each_other_and_unlike_none_named(variant: str, server: str):
    names = [f"{variant}@{server}", *(f"{variant}@{server}+{stack}" for stack in Middleware)]
    assert len({style_of(name) for name in names}) == len(names)


def test_the_usual_contenders():
    assert style_of(BASELINE).name == "sync-0"
    assert style_of("async@uvicorn").name == "async-0"
    assert style_of("aiohttp@aiohttp").name == "aiohttp-0"
    assert style_of("async-serial@uvicorn").hue == "async"
    assert style_of("channels@daphne").hue == OTHER
    assert style_of("what nobody@knows+x").hue == OTHER


def test_whatever_can_be_measured_has_a_colour_and_a_symbol():
    css = (STATIC / "report.css").read_text()
    variants = {variant.name for card in scenarios().values() for variant in card.variants}
    for name in (f"{variant}@{server}" for variant in variants for server in load_servers()):
        style = style_of(name)
        assert style.symbol in SHAPES
        assert len(re.findall(rf"--{style.name}:", css)) == 2, "for light and for dark"
        assert f".fill-{style.name} " in css
        assert 0 <= style.shade < SHADES


def test_symbols_are_the_same_in_tables_and_charts():
    script = (STATIC / "scales.js").read_text()
    shapes = script[script.index("SHAPES = {") : script.index("};")]
    assert dict(re.findall(r'(\w+): "([^"]+)"', shapes)) == SHAPES


@pytest.mark.parametrize("readme", [STATIC / "vendor", STATIC.parents[2] / "comparisons/tests/browser/vendor"])
def test_vendored_files_are_what_their_tables_say(readme: Path):
    rows = re.findall(r"\| `([^`]+)` \| `([0-9a-f]{64})` \|", (readme / "README.md").read_text())
    assert rows
    for name, digest in rows:
        assert sha256((readme / name).read_bytes()).hexdigest() == digest
        assert (readme / name).with_name("LICENSE").exists()
