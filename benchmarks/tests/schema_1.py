"""A run as schema 1 had it: what was written then, as plain data, since today's classes have changed."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]
NOW = "2025-06-01T12:00:00+00:00"


def run_1(rates: tuple[int, ...] = (1000, 1100, 1200)) -> Data:
    """Two measured contenders and an excused one, one connection level; the first cell has a void round, too."""
    baseline = cell_1("sync@gunicorn-threads", rates)
    baseline["rounds"].append(
        {**round_1(len(rates) + 1, 9000), "state": "void", "reason": "the load side was 95% busy", "usage": {}}
    )
    died = {**round_1(len(rates) + 1, 0), "state": "failed", "reason": "the server died", "load": None}
    other = cell_1("async@uvicorn", tuple(2 * rate for rate in rates))
    other["rounds"].append(died)
    excused = {**cell_1("aiohttp@aiohttp", ()), "state": "not applicable", "reason": "needs PostgreSQL"}
    return {
        "started_at": NOW,
        "seed": 3,
        "options": {
            "contenders": ["sync@gunicorn-threads", "async@uvicorn"],
            "concurrencies": {"plaintext": [32]},
            "duration_s": 0.5,
            "warmup_s": 0.2,
            "rounds": len(rates),
            "middleware": "default",
            "pool_size": 16,
            "timeout_s": 10.0,
            "delay_ms": 20.0,
            "load": "closed loop",
        },
        "scenarios": [{"name": "plaintext", "title": "T", "question": "Q?", "baseline": "sync@gunicorn-threads"}],
        "environment": {"cpu": "X", "packages": {"django": "5.0"}, "load_average_before": [0.1, 0.2, 0.3]},
        "state": "ok",
        "reason": "",
        "finished_at": NOW,
        "wall_s": 12.5,
        "cells": [baseline, other, excused],
        "notes": ["a note"],
        "schema": 1,
    }


def cell_1(contender: str, rates: tuple[int, ...]) -> Data:
    return {
        "scenario": "plaintext",
        "contender": contender,
        "concurrency": 32,
        "state": "ok",
        "reason": "",
        "middleware": "default",
        "command": ["python", "-m", "server"],
        "workers": 1,
        "threads": 32,
        "cannot": ["no WebSockets"],
        "wait_ms": 200.0,
        "slots": 32,
        "verified": ["8 randomised answers"],
        "rounds": [round_1(number, rate) for number, rate in enumerate(rates, start=1)],
    }


def round_1(number: int, rate: int) -> Data:
    return {
        "number": number,
        "position": 1,
        "started_at": NOW,
        "state": "ok",
        "reason": "",
        "load": {
            "window_s": 1.0,
            "sent": rate,
            "in_flight_before": 0,
            "in_flight_after": 0,
            "succeeded": rate,
            "errors": {},
            "warmed_up": True,
            "histogram": {"4500": rate},
        },
        "usage": {"server": {"cpu_s": 0.5, "peak_rss_bytes": 50_000_000, "peak_threads": 34, "processes": 2}},
        "load_side_busy": 0.4,
    }
