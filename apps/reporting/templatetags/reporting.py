"""What templates need to show a report: contenders with their colour, tables, charts."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import mark_safe

from apps.reporting.style import style_of

register = template.Library()

SHAPES = {  # in a box of 10 by 10
    "circle": "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
    "ring": "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8zM5 3.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 1 1 0-3.6z",
    "rect": "M1 2h8v6h-8z",
    "roundRect": "M3 2h4a2 2 0 0 1 2 2v2a2 2 0 0 1-2 2h-4a2 2 0 0 1-2-2v-2a2 2 0 0 1 2-2z",
    "triangle": "M5 1l4.5 8h-9z",
    "diamond": "M5 0l4 5l-4 5l-4-5z",
    "arrow": "M5 0l4 10l-4-3l-4 3z",
    "pin": "M5 10c-5-5-3-10 0-10s5 5 0 10z",
    "down": "M5 9l4.5-8h-9z",
    "plus": "M3.7 .5h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2v-2.6h3.2z",
    "cross": "M2.6 .8l2.4 2.4l2.4-2.4l1.8 1.8l-2.4 2.4l2.4 2.4l-1.8 1.8l-2.4-2.4l-2.4 2.4l-1.8-1.8l2.4-2.4l-2.4-2.4z",
}
BACKTICKS = re.compile(r"`([^`]+)`")
NOT_OK = ' class="not-ok"'
STRONG, MEDIUM = math.log(3), math.log(1.5)  # how deep a ratio is shaded, on either side of 1


@register.inclusion_tag("reporting/contender.html")
def contender(name: str) -> dict[str, Any]:
    """``async@uvicorn`` with its swatch."""
    style = style_of(name)
    variant, at, host = name.partition("@")
    return {"variant": variant + at, "host": host, "style": style.name, "shape": SHAPES[style.symbol]}


@register.filter
def coded(text: str) -> str:
    """What stands between backticks, as code."""
    return mark_safe(BACKTICKS.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped first


@register.filter
def strength(value: float | None) -> int:
    """0 to 2: how far a ratio is from 1."""
    distance = abs(math.log(value)) if value and value > 0 else 0.0
    return 2 if distance >= STRONG else 1 if distance >= MEDIUM else 0


@register.inclusion_tag("reporting/grid.html")
def grid(found: dict[str, Any], caption: str, shown: bool = True) -> dict[str, Any]:
    """A Grid as a table; a caption that is not shown is read out all the same.

    Rows are put together here: in a template, whose every variable takes microseconds, a page of a full run would
    spend most of its time on cells.
    """
    named = "contender" in found["headings"][:1]
    rows = (_row(row, found["keys"], named) for row in found["rows"])
    return {"headings": found["headings"], "rows": mark_safe("\n".join(rows)), "caption": caption, "shown": shown}  # noqa: S308 - each text is escaped


def _row(row: dict[str, Any], keys: int, named: bool) -> str:
    words, values = row["texts"][:keys], row["texts"][keys:]
    first = _contender(words[0]) if named and words else escape(words[0]) if words else ""
    cells = [f'<th scope="row">{text}</th>' for text in (first, *map(escape, words[1:]))] if words else []
    cells += [f"<td>{escape(text)}</td>" for text in values]
    return f"<tr{NOT_OK if row['state'] != 'ok' else ''}>{''.join(cells)}</tr>"


@cache
def _contender(name: str) -> str:
    return render_to_string("reporting/contender.html", contender(name)).strip()


@register.inclusion_tag("reporting/chart.html")
def chart(found: dict[str, Any], scope: str = "") -> dict[str, Any]:
    """A Chart with its table; ``scope`` makes its id unique on a page with several scenarios."""
    return {"chart": found, "name": f"{scope}:{found['id']}" if scope else found["id"]}
