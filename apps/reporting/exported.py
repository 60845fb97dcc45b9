"""A run as one HTML file that works from disk: nothing in it is loaded from anywhere."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from apps.reporting.facts import facts
from apps.reporting.report import reports
from apps.reporting.shown import shown
from benchmarks.json_codec import json_codec
from benchmarks.record import RunRecord

STATIC = Path(__file__).resolve().parent / "static" / "reporting"
STYLES = ("report.css", "exported.css")
LIBRARY = "vendor/echarts/echarts.min.js"
MODULES = ("scales.js", "kinds.js", "charts.js")  # each after those that it imports
BETWEEN = re.compile(r'^import \{[^}]*\} from "\./[a-z]+\.js";\n|^export (?=const |function )', re.MULTILINE)
ENDS_EARLY = re.compile(r"</?(script|style)|<!--", re.IGNORECASE)  # where a browser would stop to read it as code


def exported_html(record: RunRecord, title: str, found: Mapping[str, Any] | None = None) -> str:
    """The file's text. ``found`` are the run's reports as JSON, where they are known already."""
    head = json_codec.unstructure(replace(record, cells=[]))
    styles, scripts = [inlined(name) for name in STYLES], [inlined(LIBRARY), drawing()]
    context = {
        "title": title,
        "policy": _policy(styles, scripts),
        "styles": styles,
        "library": scripts[0],
        "drawing": scripts[1],
        "facts": facts(head, datetime.fromisoformat(record.started_at)),
        **shown(reports(record) if found is None else found),
    }
    return render_to_string("reporting/exported.html", context)


@cache
def inlined(name: str) -> SafeString:
    """The text of a static file as it may stand between two tags. Raises ValueError where it would end them."""
    text = (STATIC / name).read_text(encoding="utf-8").replace("\r\n", "\n")
    return mark_safe(checked(text, name))  # noqa: S308 - our own files, and looked through


@cache
def drawing() -> SafeString:
    """The modules as one text: a file on disk may not import another."""
    return mark_safe("\n".join(BETWEEN.sub("", inlined(name)) for name in MODULES))  # noqa: S308 - as above


def checked(text: str, name: str) -> str:
    if found := ENDS_EARLY.search(text):
        raise ValueError(f"{name} cannot stand in a page: it has {found.group()!r}")
    return text


def _policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """Nothing but what is in the file may run, and nothing may be loaded or sent."""
    parts = {
        "default-src": ["'none'"],
        "script-src": map(_hash, scripts),
        "style-src": map(_hash, styles),
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in parts.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
