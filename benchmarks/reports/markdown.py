"""A run's tables as Markdown: what documents and exports show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.reports.tables import MATRIX_LEGEND, Grid, ScenarioTable


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], keys: int = 1) -> str:
    """A Markdown table; the first ``keys`` columns are words and stand left, the others figures and stand right."""
    rules = ["---" if number < keys else "---:" for number in range(len(headings))]
    return "\n".join(_row(cells) for cells in (headings, rules, *rows))


def grid(found: Grid) -> str:
    return table(found.headings, (row.texts for row in found.rows), found.keys)


def scenario(found: ScenarioTable) -> Iterator[str]:
    """Paragraphs: figures, what they say, costs, and what is to be known of each contender."""
    yield grid(found.figures)
    if found.verdict:
        yield f"**{found.verdict}**"
    yield from filter(None, found.sentences)
    for title, part in (*found.parts, *_titled(found)):
        yield f"{title}:"
        yield grid(part)
    if found.costs.rows:
        yield grid(found.costs)
        yield found.cost_notes
    lines = (*found.footnotes, *(note.text for note in found.notes))
    yield "\n".join(f"- {' '.join(line.split())}" for line in lines)


def _titled(found: ScenarioTable) -> Iterator[tuple[str, Grid]]:
    for contender, steps in found.overloads:
        yield f"{contender} at multiples of its capacity", steps
    for contender, matrix in found.matrices:
        yield f"{contender} ÷ {found.card.baseline}; {MATRIX_LEGEND}", matrix


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|').replace(chr(10), ' ') for text in cells)} |"
