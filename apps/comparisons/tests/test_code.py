"""The difference between two variants: nothing lost, nothing invented, nothing unescaped."""

from __future__ import annotations

import re
from html import unescape
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.comparisons.code import (
    ROOT,
    Kind,
    Source,
    changed_parts,
    compare,
    difference,
    highlighted,
    render,
    shared_sources,
    view_source,
)
from apps.scenarios.registry import scenarios

CARDS = list(scenarios().values())
words = st.sampled_from(["", "return page", "    return page", "await page", "a = 1", "a = 2  # <b>", "«ü»\t\f"])
lines = st.lists(words | st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12))


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@given(lines, lines)
def test_both_files_can_be_read_out_of_their_difference(left: list[str], right: list[str]):
    rows = list(compare(left, right))
    assert [row.left.text for row in rows if row.left] == left
    assert [row.right.text for row in rows if row.right] == right
    assert [row.left.number for row in rows if row.left] == list(range(1, len(left) + 1))
    assert [row.right.number for row in rows if row.right] == list(range(1, len(right) + 1))
    for row in rows:
        expected = {Kind.SAME: (True, True), Kind.CHANGED: (True, True), Kind.REMOVED: (True, False)}
        assert (row.left is not None, row.right is not None) == expected.get(row.kind, (False, True))
        if row.kind is Kind.SAME:
            assert row.left.text == row.right.text


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_not_marked_is_the_same_on_both_sides(left: str, right: str):
    marks = changed_parts(left, right)
    kept = []
    for text, spans in zip((left, right), marks, strict=True):
        marked = {place for begin, end in spans for place in range(begin, end)}
        kept.append("".join(char for place, char in enumerate(text) if place not in marked))
    assert kept[0] == kept[1]
    assert (marks == ((), ())) == (left == right)


@pytest.mark.parametrize(
    ("card", "left", "right"),
    [
        pytest.param(card, left, right, id=f"{card.name}-{left.name}-{right.name}")
        for card in CARDS
        for left, right in permutations(card.applicable, 2)
    ],
)
def test_every_pair_of_every_scenario_shows_the_very_files(card, left, right):
    found = difference(view_source(card, left), view_source(card, right))
    for side, source in (("left", found.left), ("right", found.right)):
        shown = [getattr(row, side) for row in found.rows if getattr(row, side)]
        assert "\n".join(plain(one.html) for one in shown) + "\n" == (ROOT / source.path).read_text()
        unified = [getattr(row, side) for row in found.unified if getattr(row, side)]
        assert [one.number for one in unified] == [one.number for one in shown]
    assert len(found.left.lines) - found.removed == len(found.right.lines) - found.added
    assert found.added or found.removed


def test_a_changed_line_has_its_changed_part_marked():
    found = difference(
        Source("a.py", ("def view(request):", "    return answer(time.sleep(1))")),
        Source("b.py", ("async def view(request):", "    return answer(await asyncio.sleep(1))", "# more")),
    )
    assert [row.kind for row in found.rows] == [Kind.CHANGED, Kind.CHANGED, Kind.ADDED]
    assert (found.added, found.removed) == (3, 2)
    marked = [re.findall(r"<mark>(.*?)</mark>", row.right.html) for row in found.rows]
    assert "".join(map(plain, marked[0])) == "async "
    assert "".join(map(plain, marked[1])) == "await asyncio"
    assert not marked[2]


def test_lines_that_have_little_in_common_stand_alone():
    rows = list(compare(["import time"], ["    legs = [fetch(x) for x in y]"]))
    assert [row.kind for row in rows] == [Kind.REMOVED, Kind.ADDED]


def test_unified_puts_what_went_before_what_came():
    rows = [["a = 1", "b = 1", "c"], ["a = 2", "b = 2", "c"]]
    found = difference(Source("l", tuple(rows[0])), Source("r", tuple(rows[1])))
    assert [(row.kind, (row.left or row.right).text) for row in found.unified] == [
        (Kind.REMOVED, "a = 1"),
        (Kind.REMOVED, "b = 1"),
        (Kind.ADDED, "a = 2"),
        (Kind.ADDED, "b = 2"),
        (Kind.SAME, "c"),
    ]


@given(lines)
def test_html_is_escaped_and_keeps_every_character(source: list[str]):
    shown = [render(tokens) for tokens in highlighted(source)]
    assert [plain(line) for line in shown] == (source or [""])


def test_markup_in_code_stays_text():
    found = difference(Source("l", ("x = '<script>&amp;'",)), Source("r", ("x = '<script>&lt;'",)))
    for row in found.rows:
        for side in (row.left, row.right):
            assert "<script" not in side.html
            assert plain(side.html) == side.text


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_what_variants_share_is_shown_too(card):
    paths = [source.path for source in shared_sources(card)]
    assert paths[-1] == f"apps/scenarios/{card.name}/scenario.py"
    views = {f"apps/scenarios/{card.name}/{variant.module}.py" for variant in card.variants}
    assert set(paths) == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "apps/scenarios" / card.name).glob("*.py")
        if path.name != "__init__.py" and path.relative_to(ROOT).as_posix() not in views
    }
    assert all(source.html for source in shared_sources(card))


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_code_can_be_read_on_every_ground(dark: bool):
    colours: dict[str, str] = {}
    for path in ("reporting/static/reporting/report.css", "comparisons/static/comparisons/site.css"):
        text = (ROOT / "apps" / path).read_text()
        for block in re.finditer(r"(@media \(prefers-color-scheme: dark\) \{\s*)?:root \{(.*?)\}", text, re.DOTALL):
            if dark or not block[1]:
                colours |= dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block[2]))
    inks = [name for name in colours if name.startswith("--code-")] + ["--ink"]
    grounds = ["--ground", "--sunken", "--added", "--removed", "--added-deep", "--removed-deep"]
    assert len(inks) == 6
    poor = {}
    for ink in inks:
        for ground in grounds:
            darker, lighter = sorted(luminance(colours[name]) for name in (ink, ground))
            if (ratio := (lighter + 0.05) / (darker + 0.05)) < 4.5:
                poor[ink, ground] = round(ratio, 2)
    assert poor == {}
