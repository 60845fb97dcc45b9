"""The variants' code as it stands in the files that run: highlighted, and as a difference between any two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from html import escape
from itertools import groupby, pairwise
from pathlib import Path
from re import findall
from typing import Any

from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES

from apps.scenarios.contract import Scenario, Variant
from apps.scenarios.registry import FOLDER

ROOT = FOLDER.parent.parent
ALIKE = 0.5  # two lines that have so much in common are one line that was changed
Span = tuple[int, int]  # characters of a line, from and to


class Kind(StrEnum):
    """How a row of a difference differs."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Source:
    """A file: its path in the project, and its lines without their ends."""

    path: str
    lines: tuple[str, ...]

    @property
    def html(self) -> tuple[str, ...]:
        return _as_html(self.lines)


@dataclass(frozen=True)
class Side:
    """A line on its side of a difference; ``marks`` are the parts that the other side has otherwise."""

    number: int
    text: str
    marks: tuple[Span, ...] = ()
    html: str = ""


@dataclass(frozen=True)
class Row:
    """A line of each side, or of one."""

    kind: Kind
    left: Side | None
    right: Side | None


@dataclass(frozen=True)
class Difference:
    """Two files beside each other."""

    left: Source
    right: Source
    rows: tuple[Row, ...]

    @property
    def added(self) -> int:
        return sum(row.right is not None and row.kind is not Kind.SAME for row in self.rows)

    @property
    def removed(self) -> int:
        return sum(row.left is not None and row.kind is not Kind.SAME for row in self.rows)

    @property
    def unified(self) -> tuple[Row, ...]:
        """The same one under the other: of each stretch that differs first all of the left, then all of the right."""
        rows: list[Row] = []
        for same, group in groupby(self.rows, key=lambda row: row.kind is Kind.SAME):
            found = list(group)
            if same:
                rows += found
            else:
                rows += [Row(Kind.REMOVED, row.left, None) for row in found if row.left]
                rows += [Row(Kind.ADDED, None, row.right) for row in found if row.right]
        return tuple(rows)


def view_source(card: Scenario, variant: Variant) -> Source:
    return read(FOLDER / card.name / f"{variant.module}.py")


def shared_sources(card: Scenario) -> tuple[Source, ...]:
    """Every file of its folder that is not a variant: what variants share, ``work.py`` first, and the card last."""
    views = {f"{variant.module}.py" for variant in card.variants}
    order = {"work.py": 0, "scenario.py": 2}
    paths = [path for path in (FOLDER / card.name).glob("*.py") if path.name not in {*views, "__init__.py"}]
    return tuple(read(path) for path in sorted(paths, key=lambda path: (order.get(path.name, 1), path.name)))


def read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), tuple(path.read_text().removesuffix("\n").split("\n")))


@lru_cache(maxsize=256)  # by the files' content, so that an edited one is read anew
def difference(left: Source, right: Source) -> Difference:
    """The two files with their lines highlighted and what differs inside a line marked."""
    before, after = (highlighted(source.lines) for source in (left, right))

    def shown(side: Side | None, tokens: Sequence[Line]) -> Side | None:
        return side and Side(side.number, side.text, side.marks, render(tokens[side.number - 1], side.marks))

    rows = (Row(row.kind, shown(row.left, before), shown(row.right, after)) for row in compare(left.lines, right.lines))
    return Difference(left, right, tuple(rows))


def compare(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    """Lines beside each other, each line of both sides once and in its order."""
    for tag, from_left, to_left, from_right, to_right in SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            for offset in range(to_left - from_left):
                a, b = from_left + offset, from_right + offset
                yield Row(Kind.SAME, Side(a + 1, left[a]), Side(b + 1, right[b]))
        else:
            yield from _aligned(left, right, range(from_left, to_left), range(from_right, to_right))


def _aligned(left: Sequence[str], right: Sequence[str], before: range, after: range) -> Iterator[Row]:
    """A stretch that differs: lines that are alike stand beside each other, the others alone."""
    a, b = before.start, after.start
    for pair_a, pair_b in [*_pairs(left, right, before, after), (before.stop, after.stop)]:
        for one in range(a, pair_a):
            yield Row(Kind.REMOVED, Side(one + 1, left[one]), None)
        for one in range(b, pair_b):
            yield Row(Kind.ADDED, None, Side(one + 1, right[one]))
        if pair_a < before.stop and pair_b < after.stop:
            marks = changed_parts(left[pair_a], right[pair_b])
            left_side, right_side = Side(pair_a + 1, left[pair_a], marks[0]), Side(pair_b + 1, right[pair_b], marks[1])
            yield Row(Kind.CHANGED, left_side, right_side)
        a, b = pair_a + 1, pair_b + 1


def _pairs(left: Sequence[str], right: Sequence[str], before: range, after: range) -> list[tuple[int, int]]:
    """The pairs of like lines that have most in common in all, in order (as in the longest common subsequence)."""
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int]]]] = {}
    nothing: tuple[float, list[tuple[int, int]]] = (0.0, [])
    for a in reversed(before):
        for b in reversed(after):
            options = [best.get((a + 1, b), nothing), best.get((a, b + 1), nothing)]
            alike = likeness(left[a], right[b])
            if alike > ALIKE:
                score, pairs = best.get((a + 1, b + 1), nothing)
                options.append((score + alike, [(a, b), *pairs]))
            best[a, b] = max(options, key=lambda option: option[0])
    return best.get((before.start, after.start), nothing)[1]


@lru_cache(maxsize=10_000)
def likeness(left: str, right: str) -> float:
    """0 to 1; the words that both have, since indentation says little."""
    return SequenceMatcher(None, words(left.strip()), words(right.strip()), False).ratio()


def words(text: str) -> list[str]:
    return findall(r"\w+|\s+|.", text)


def changed_parts(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """What of a line the other one has otherwise, word by word."""
    a, b = words(left), words(right)
    found: tuple[list[Span], list[Span]] = ([], [])
    for tag, from_a, to_a, from_b, to_b in SequenceMatcher(None, a, b, False).get_opcodes():
        if tag == "equal":
            continue
        for spans, parts, start, stop in ((found[0], a, from_a, to_a), (found[1], b, from_b, to_b)):
            if start < stop:
                begin = len("".join(parts[:start]))
                spans.append((begin, begin + len("".join(parts[start:stop]))))
    return tuple(found[0]), tuple(found[1])


Line = list[tuple[str, str]]  # (Pygments' class, text)


def highlighted(lines: Sequence[str]) -> list[Line]:
    """The lines' tokens; a token that spans several lines is cut."""
    found: list[Line] = [[]]
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens("\n".join(lines)):
        first, *more = text.split("\n")
        found[-1].append((_class(kind), first))
        found.extend([(_class(kind), part)] for part in more)
    return found


@lru_cache(maxsize=256)
def _as_html(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(render(tokens) for tokens in highlighted(lines))


def _class(kind: Any) -> str:
    """Pygments' short name of a token type, or of the nearest one above it that has one."""
    while kind not in STANDARD_TYPES and kind.parent:
        kind = kind.parent
    return str(STANDARD_TYPES.get(kind, ""))


def render(tokens: Line, marks: Sequence[Span] = ()) -> str:
    """A line as HTML, escaped, with the marked parts in ``<mark>``."""
    edges = {edge for mark in marks for edge in mark}
    pieces, place = [], 0
    for name, text in tokens:
        cuts = [0, *sorted(edge - place for edge in edges if place < edge < place + len(text)), len(text)]
        for start, stop in pairwise(cuts):
            if start == stop:
                continue
            piece = escape(text[start:stop], quote=False)
            piece = f'<span class="{name}">{piece}</span>' if name else piece
            inside = any(begin <= place + start and place + stop <= end for begin, end in marks)
            pieces.append(f"<mark>{piece}</mark>" if inside else piece)
        place += len(text)
    return "".join(pieces)
