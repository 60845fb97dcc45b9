"""What templates need to show a report: contenders with their colour, tables, charts."""

from __future__ import annotations

import math
from typing import Any

from django import template

from apps.reporting.style import style_of

register = template.Library()

SHAPES = {  # in a box of 10 by 10
    "circle": "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
    "rect": "M1 2h8v6h-8z",
    "roundRect": "M3 2h4a2 2 0 0 1 2 2v2a2 2 0 0 1-2 2h-4a2 2 0 0 1-2-2v-2a2 2 0 0 1 2-2z",
    "triangle": "M5 1l4.5 8h-9z",
    "diamond": "M5 0l4 5l-4 5l-4-5z",
    "arrow": "M5 0l4 10l-4-3l-4 3z",
    "pin": "M5 10c-5-5-3-10 0-10s5 5 0 10z",
}
STRONG, MEDIUM = math.log(3), math.log(1.5)  # how deep a ratio is shaded, on either side of 1


@register.inclusion_tag("reporting/contender.html")
def contender(name: str) -> dict[str, Any]:
    """``async@uvicorn`` with its swatch."""
    style = style_of(name)
    variant, at, host = name.partition("@")
    return {"variant": variant + at, "host": host, "style": style.name, "shape": SHAPES[style.symbol]}


@register.filter
def strength(value: float | None) -> int:
    """0 to 2: how far a ratio is from 1."""
    distance = abs(math.log(value)) if value and value > 0 else 0.0
    return 2 if distance >= STRONG else 1 if distance >= MEDIUM else 0


@register.inclusion_tag("reporting/grid.html")
def grid(found: dict[str, Any], caption: str, shown: bool = True) -> dict[str, Any]:
    """A Grid as a table; a caption that is not shown is read out all the same."""
    return {"grid": found, "caption": caption, "shown": shown, "named": "contender" in found["headings"][:1]}


@register.inclusion_tag("reporting/chart.html")
def chart(found: dict[str, Any], scope: str = "") -> dict[str, Any]:
    """A Chart with its table; ``scope`` makes its id unique on a page with several scenarios."""
    return {"chart": found, "name": f"{scope}:{found['id']}" if scope else found["id"]}
