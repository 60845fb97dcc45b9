"""Older records, step by step: each function turns the data of one schema into that of the next.

They work on plain JSON data and never on today's classes, which will have changed again by the time they are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.exceptions import RecordError

Data = dict[str, Any]


def upgraded(data: Data, source: str) -> Data:
    """``data`` in today's schema. Raises RecordError when it is not even what its own schema says."""
    try:
        while step := STEPS.get(data["schema"]):
            data = step(data)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"{source} is damaged: it does not follow its schema {data.get('schema')!r}") from error
    return data


def from_1(data: Data) -> Data:
    """Open loops, sweeps, costs, flags: what schema 1 did not have is absent or unknown. Histograms are finer."""
    if any("rate_per_s" in cell for cell in data["cells"]):
        raise ValueError("this is of a later schema, whatever it says")
    return {
        **data,
        "schema": 2,
        "scenarios": [{**card, "wait_ms": 0.0} for card in data["scenarios"]],
        "cells": [
            {
                **cell,
                "rate_per_s": None,
                "sweep_axis": "",
                "sweep_value": 0.0,
                "flags": {},
                "idle": None,
                "overload": None,
                "rounds": [_round_from_1(entry) for entry in cell["rounds"]],
            }
            for cell in data["cells"]
        ],
    }


def _nanoseconds(counts: dict[Any, int]) -> dict[str, int]:
    """Schema 1 kept whole microseconds in the same kind of buckets, 2,048 to a power of two."""
    converted: dict[str, int] = {}
    for bucket, count in ((int(name), count) for name, count in counts.items()):
        shift = max(0, (bucket >> 11) - 1)
        low_us = (bucket - (shift << 11)) << shift
        value_ns = int((low_us + ((1 << shift) - 1) / 2) * 1000)
        shift = max(0, value_ns.bit_length() - 12)
        name = str((shift << 11) + (value_ns >> shift))
        converted[name] = converted.get(name, 0) + count
    return converted


def _round_from_1(entry: Data) -> Data:
    load = entry["load"] and {
        **entry["load"],
        "histogram": _nanoseconds(entry["load"]["histogram"]),
        "first_byte": {},
        "connect": {},
        "send_lag": {},
        "offered": None,
        "unsent": 0,
        "late_succeeded": 0,
        "late_errors": {},
        "surplus": 0,
        "bytes_sent": 0,
        "bytes_received": 0,
        "answered_in_all": 0,
        "slices": [],
        **dict.fromkeys((f"connections_{when}" for when in ("before", "opened", "closed", "after")), 0),
    }
    unknown = {"open_files": None, "voluntary_switches": None, "involuntary_switches": None}
    return {
        **entry,
        "load": load,
        "usage": {
            name: {**usage, "steady_rss_bytes": usage["peak_rss_bytes"], **unknown}
            for name, usage in entry["usage"].items()
        },
        "steal": None,
        "tasks_started": None,
        "database_connections": None,
        "flags": {},
    }


def from_2(data: Data) -> Data:
    """Who else was at work, and how long an overload's clients had waited before they were gone."""
    if any("others_busy" in entry for cell in data["cells"] for entry in cell["rounds"]):
        raise ValueError("this is of a later schema, whatever it says")
    return {
        **data,
        "schema": 3,
        "cells": [
            {
                **cell,
                "overload": cell["overload"]
                and {**cell["overload"], "timeout_s": max(2.0, 3 * cell["wait_ms"] / 1000)},
                "rounds": [{**entry, "others_busy": None} for entry in cell["rounds"]],
            }
            for cell in data["cells"]
        ],
    }


def from_3(data: Data) -> Data:
    """Settings beside the wait, claims, hops, groups of requests, streams, and which connections were at work."""
    if any("hops" in cell for cell in data["cells"]):
        raise ValueError("this is of a later schema, whatever it says")
    unknown: Data = {"groups": {}, "first_chunk": {}, "gaps": {}}
    return {
        **data,
        "schema": 4,
        "scenarios": [
            {
                **{key: value for key, value in card.items() if key != "wait_ms"},
                "claims": [],
                "cost_per": "",
                "settings": {"wait": card["wait_ms"]} if card["wait_ms"] else {},
            }
            for card in data["scenarios"]
        ],
        "cells": [
            {
                **cell,
                "hops": 0,
                "rounds": [
                    {
                        **entry,
                        "database_connections_busy": None,
                        "load": entry["load"] and {**entry["load"], **unknown},
                        "usage": {name: {**usage, "own_cpu_s": None} for name, usage in entry["usage"].items()},
                    }
                    for entry in cell["rounds"]
                ],
            }
            for cell in data["cells"]
        ],
    }


STEPS: dict[int, Callable[[Data], Data]] = {1: from_1, 2: from_2, 3: from_3}
