"""A stored run as a file: JSON to be read back, CSV for a spreadsheet, Markdown for a text, one HTML to look at."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.reporting.exported import exported_html
from apps.reporting.facts import Facts, facts
from apps.results.models import Run
from apps.results.reports import CLAIMS, reports_of
from apps.results.store import load_run, stored_data
from benchmarks.exceptions import RecordError
from benchmarks.json_codec import json_codec
from benchmarks.record import CellRecord, RoundRecord, dumps
from benchmarks.reports import markdown
from benchmarks.reports.tables import ScenarioTable
from benchmarks.resources import Usage
from benchmarks.stats.histogram import Histogram

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one
PERCENTS = {"p50_ms": 50, "p90_ms": 90, "p99_ms": 99, "p99.9_ms": 99.9}
SERVICES = ("generator", "postgres", "upstream")
HEAD = ("state", "reason", "wall_s", "seed", "options", "scenarios", "environment", "notes", "schema")


@dataclass(frozen=True)
class Export:
    """A kind of file: what it is good for, how it is served, how it is made. ``make`` raises RecordError."""

    kind: str
    about: str
    media_type: str
    make: Callable[[Run], str]


def run_facts(run: Run) -> Facts:
    return facts({name: getattr(run, name) for name in HEAD}, run.started_at)


def title_of(run: Run) -> str:
    return f"Crossover run {run.pk}"


def as_json(run: Run) -> str:
    """What ``runbench --json`` writes; of a run that cannot be read, what is stored of it, for who can repair it."""
    try:
        return dumps(load_run(run))
    except RecordError:
        return json.dumps(stored_data(run), indent=1)


def as_csv(run: Run) -> str:
    """A row for each round, unrounded; a cell that has none has a row without figures."""
    written = io.StringIO(newline="")
    rows = [row for cell in load_run(run).cells for row in _rows(run.pk, cell)]
    writer = csv.DictWriter(written, list(rows[0] if rows else next(_rows(run.pk, EMPTY))))
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


EMPTY = CellRecord("", "", 0)


def guarded(value: Any) -> Any:
    """Text that a spreadsheet would compute is kept from it by an apostrophe; numbers are numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _rows(number: int, cell: CellRecord) -> Iterator[dict[str, Any]]:
    about = {
        "run": number,
        "scenario": cell.scenario,
        "contender": cell.contender,
        "load": cell.level,
        "connections": cell.concurrency,
        "arrivals_per_s": cell.rate_per_s,
        "sweep": cell.sweep_axis,
        "sweep_value": cell.sweep_value if cell.sweep_axis else None,
        "workers": cell.workers,
        "threads": cell.threads,
        "cell_state": str(cell.state),
        "cell_reason": cell.reason,
        "cell_flags": "; ".join(cell.flags),
    }
    if not cell.rounds:
        yield {**about, **_round(None)}
    for entry in cell.rounds:
        yield {**about, **_round(entry)}


def _round(entry: RoundRecord | None) -> dict[str, Any]:
    load = entry.load if entry else None
    server = entry.usage.get("server") if entry else None
    values = Histogram.of_counts(load.histogram if load else {}).percentiles_ms(list(PERCENTS.values()))
    found: Sequence[float | None] = values or [None] * len(PERCENTS)
    return {
        "round": entry and entry.number,
        "place_in_round": entry and entry.position,
        "started_at": entry and entry.started_at,
        "state": entry and str(entry.state),
        "reason": entry and entry.reason,
        "flags": entry and "; ".join(entry.flags),
        "requests_per_s": entry.requests_per_s if entry and load else None,
        **dict(zip(PERCENTS, found, strict=True)),
        "window_s": load and load.window_s,
        "succeeded": load and load.succeeded,
        "failed": load and load.failed,
        "errors": load and "; ".join(f"{name} {count}" for name, count in load.errors.items()),
        "offered": load and load.offered,
        "unsent": load and load.unsent,
        "bytes_received": load and load.bytes_received,
        **_usage(server),
        **{f"{name}_cpu_s": entry.usage[name].cpu_s if entry and name in entry.usage else None for name in SERVICES},
        "tasks_started": entry and entry.tasks_started,
        "database_connections": entry and entry.database_connections,
        "load_side_busy": entry and entry.load_side_busy,
        "others_busy": entry and entry.others_busy,
        "steal": entry and entry.steal,
    }


def _usage(server: Usage | None) -> dict[str, Any]:
    return {
        "server_cpu_s": server and server.cpu_s,
        "server_rss_bytes": server and server.steady_rss_bytes,
        "server_peak_rss_bytes": server and server.peak_rss_bytes,
        "server_peak_threads": server and server.peak_threads,
        "server_processes": server and server.processes,
        "server_open_files": server and server.open_files,
        "voluntary_switches": server and server.voluntary_switches,
        "involuntary_switches": server and server.involuntary_switches,
    }


def as_markdown(run: Run) -> str:
    return "\n\n".join(_paragraphs(run, run_facts(run), reports_of(run))) + "\n"


def _paragraphs(run: Run, told: Facts, reports: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {title_of(run)}"
    yield _head(told)
    if told.notes:
        yield "\n".join(f"- {_line(note)}" for note in told.notes)
    for name, report in reports.items():
        if name == CLAIMS:
            continue
        table = json_codec.structure(report["table"], ScenarioTable)
        yield f"## {name}: {_line(table.card.title)}"
        yield f"*{_line(table.card.question)}*"
        yield from filter(None, markdown.scenario(table))
    yield "## Environment"
    yield _list(told.environment)
    yield "## Options"
    yield _list(told.options)


def _head(told: Facts) -> str:
    changed = ", with changes that were not committed" if told.dirty else ""
    nearly = "" if told.repeat.exact else " (nearly: the run did not keep its own command line)"
    lines = {
        "measured": f"{told.started_at:%Y-%m-%d %H:%M} UTC" + (f", it took {told.lasted}" if told.lasted else ""),
        "state": f"{told.state}{f': {told.reason}' if told.reason else ''}",
        "to repeat it": f"`{told.repeat.command}`{nearly}",
        "load": f"{told.load}; seed {told.seed}",
        "machine": told.machine,
        "versions": told.versions,
        "code": told.commit and f"commit {told.commit}{changed}",
    }
    return "\n".join(f"- {name}: {_line(text)}" for name, text in lines.items() if text)


def _line(text: str) -> str:
    """On one line, and without what a reader of Markdown would take for HTML."""
    return " ".join(text.split()).replace("<", "&lt;")


def _list(grid: Mapping[str, Any]) -> str:
    return markdown.table(grid["headings"], (row["texts"] for row in grid["rows"]), keys=2)


def as_html(run: Run) -> str:
    return exported_html(load_run(run), title_of(run), reports_of(run))


EXPORTS = {
    export.kind: export
    for export in (
        Export("html", "one file to look at, works from disk", "text/html; charset=utf-8", as_html),
        Export("md", "tables for a text", "text/markdown; charset=utf-8", as_markdown),
        Export("csv", "every round, for a spreadsheet", "text/csv; charset=utf-8", as_csv),
        Export("json", "everything, can be read back", "application/json", as_json),
    )
}
