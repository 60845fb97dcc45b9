"""What the page of a run and its exported file both show of its reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.reporting.report import CLAIMS_KEY
from apps.scenarios.evidence import State


def shown(reports: Mapping[str, Any]) -> dict[str, Any]:
    """The templates' context: scenarios in their order, claims that were judged, and every chart by its name."""
    measured = {name: report for name, report in reports.items() if name != CLAIMS_KEY}
    claims = reports.get(CLAIMS_KEY, {"claims": []})["claims"]
    return {
        "sections": [{"name": name, "report": report} for name, report in measured.items()],
        "claims": [claim for claim in claims if claim["state"] != State.NOT_MEASURED],
        "charts": {
            f"{name}:{chart['id']}": _drawn(chart) for name, report in measured.items() for chart in report["charts"]
        },
    }


def _drawn(chart: Mapping[str, Any]) -> dict[str, Any]:
    """Without its table, which stands in the page already."""
    return {key: value for key, value in chart.items() if key != "table"}
