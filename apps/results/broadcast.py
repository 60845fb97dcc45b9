"""A race's events into the showcase's database, where whoever looks on finds them: at most two updates a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from statistics import median
from types import TracebackType
from typing import Any

from django.db import connections

from apps.results.models import Race, RaceEvent, Run
from benchmarks.events import CellChanged, Event, RoundFinished, RoundStarted, RunFinished, RunStarted, Step
from benchmarks.record import CellRecord, RoundRecord, State
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.summary import percentile_ms

LEAST_S = 0.5  # between two updates
UPDATE = "update"
Update = dict[str, Any]  # any of plan, step, number, rounds, cells: see ``told``


class Batch:
    """What followers have not been told yet: the newest of what is replaced, all of what is counted."""

    def __init__(self) -> None:
        self.waiting: Update = {}
        self._told_s = float("-inf")

    def add(self, news: Update) -> None:
        for name, value in news.items():
            if name == "rounds":
                self.waiting.setdefault(name, []).extend(value)
            elif name == "cells":
                self.waiting.setdefault(name, {}).update(value)
            else:
                self.waiting[name] = value

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until the next update may be written; None when there is nothing to tell."""
        return max(0.0, self._told_s + LEAST_S - now_s) if self.waiting else None

    def take(self, now_s: float) -> Update:
        update, self.waiting, self._told_s = self.waiting, {}, now_s
        return update


class Broadcast:
    """A listener, and a context manager around it; leaving it waits until all is written.

    What it hears is written by a thread of its own, so that a run never waits for those who look on.
    """

    def __init__(self, race: int, run: Callable[[], Run | None]) -> None:
        self.race, self.run = race, run
        self._news: SimpleQueue[Update | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="broadcast", daemon=True)

    def __enter__(self) -> Broadcast:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._news.put(None)
        self._thread.join(timeout=10.0)

    def __call__(self, event: Event) -> None:
        """Records change while the run goes on, so what is told of them is written down here and now."""
        news = told(event)
        if "plan" in news and (run := self.run()) is not None:
            news["plan"]["run"] = run.pk
        if news:
            self._news.put(news)

    def _write_all(self) -> None:
        batch, ended = Batch(), False
        try:
            while not ended or batch.waiting:
                due_s = batch.due_in_s(time.monotonic())
                if due_s == 0:
                    self._write(batch.take(time.monotonic()))
                    continue
                try:
                    news = self._news.get(timeout=due_s)
                except Empty:
                    continue
                ended = ended or news is None
                batch.add(news or {})
        finally:
            connections.close_all()

    def _write(self, update: Update) -> None:
        if run := update.get("plan", {}).get("run"):
            Race.objects.filter(pk=self.race).update(run=run)
        RaceEvent.objects.create(race_id=self.race, kind=UPDATE, content=update)


def told(event: Event) -> Update:
    """What an event says to those who look on, in raw numbers: the plan once, then steps, cells and rounds."""
    match event:
        case RunStarted(run=run, rounds_planned=planned):
            return {"plan": {"rounds": run.options["rounds"], "planned": planned}}
        case Step(text=text):
            return {"step": text}
        case RoundStarted(cell=cell, number=number):
            return {"step": f"measuring {cell.contender}", "number": number}
        case RoundFinished(cell=cell, entry=entry):
            return {"rounds": [_round(cell, entry)], "cells": {cell.contender: _cell(cell)}}
        case CellChanged(cell=cell) if cell.state is not State.RUNNING:
            return {"cells": {cell.contender: _cell(cell)}}
        case RunFinished():
            return {"step": "storing what was measured"}
    return {}


def _round(cell: CellRecord, entry: RoundRecord) -> Update:
    return {
        "contender": cell.contender,
        "number": entry.number,
        "state": entry.state,
        "reason": entry.reason,
        "requests_per_s": entry.requests_per_s,
        **_latencies(Histogram.of_counts(entry.load.histogram) if entry.load else Histogram()),
    }


def _cell(cell: CellRecord) -> Update:
    """A contender's figures so far, computed as those of a finished run are: medians, and one merged histogram."""
    rates = [entry.requests_per_s for entry in cell.valid_rounds]
    return {
        "state": cell.state,
        "reason": cell.reason,
        "valid": len(rates),
        "requests_per_s": median(rates) if rates else None,
        **_latencies(cell.histogram()),
    }


def _latencies(histogram: Histogram) -> Update:
    return {"p50_ms": percentile_ms(histogram, 50), "p99_ms": percentile_ms(histogram, 99)}
