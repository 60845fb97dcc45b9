"""After every round a card's audit looks for what must not be; what it finds fails the round."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from benchmarks import measuring
from benchmarks.axes import Level, Point
from benchmarks.cpus import CpuLayout
from benchmarks.exceptions import DatabaseError
from benchmarks.load.specs import Exchange
from benchmarks.measuring import COMPLAINTS, Measuring
from benchmarks.plan import Cell, Contender, Plan, Workload
from benchmarks.record import CellRecord, State
from benchmarks.services.database import WorkloadDatabase
from benchmarks.stage import Stage, application_name
from benchmarks.tests.records import load_result, usage

SQL = "SELECT 'order ' || id || ' has no lines' FROM orders"
CONTENDER = Contender("sync", "uvicorn")
NOWHERE = CpuLayout((), (), ())


class Monitor:
    """Stands for the harness's own connection: what it was asked, what an audit finds, and what it counts."""

    def __init__(self, *rows: tuple[Any, ...], counted: tuple[int, int] | None = None, error: str = "") -> None:
        self.found, self.counted, self.error, self.asked = [list(rows)], counted, error, []

    def after(self, *rows: tuple[Any, ...]) -> Monitor:
        """An audit finds these the second time."""
        self.found.append(list(rows))
        return self

    def execute(self, query: str, parameters: Any = None) -> Monitor:
        self.asked.append((query, parameters))
        if self.error:
            raise psycopg.Error(self.error)
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    def fetchone(self) -> tuple[int, int] | None:
        return self.counted


def database(monitor: Monitor | None) -> WorkloadDatabase:
    return WorkloadDatabase("postgresql://there/x", "postgresql", "", None, monitor)  # type: ignore[arg-type]


def workload(audit: str = SQL, **changes: Any) -> Workload:
    values = {"needs": frozenset({"database"}), "audit": audit, **changes}
    return Workload("orders", "t", "q?", exchanges={Point(): (Exchange(),)}, **values)


def stage(monitor: Monitor | None) -> Stage:
    plan = Plan((workload(),), (CONTENDER,))
    return Stage(plan, None, NOWHERE, database(monitor), None, None)  # type: ignore[arg-type]


def test_every_row_that_an_audit_finds_is_a_complaint() -> None:
    monitor = Monitor(("order 1 has no lines", 1), ("order 2 has no lines", 2))
    assert stage(monitor).audit(workload()) == ["order 1 has no lines", "order 2 has no lines"]
    assert monitor.asked == [(SQL, None)]
    assert stage(Monitor()).audit(workload()) == []


def test_where_nothing_is_to_be_audited_nothing_is_asked() -> None:
    monitor = Monitor(("wrong",))
    assert stage(monitor).audit(workload(audit="")) == []
    assert monitor.asked == []
    assert stage(None).audit(workload()) == [], "SQLite has no such connection"


def test_an_audit_that_cannot_be_made_ends_the_run_with_the_reason() -> None:
    with pytest.raises(DatabaseError, match=r"^the audit failed: no such table$") as caught:
        stage(Monitor(error="no such table\n")).audit(workload())
    assert caught.value.hint == "start the run again"


def test_a_contenders_connections_are_told_apart_by_its_name() -> None:
    monitor = Monitor(counted=(16, 9))
    assert stage(monitor).database_connections(workload(), CONTENDER) == (16, 9)
    assert monitor.asked[0][1] == ["orders sync@uvicorn"] == [application_name(workload(), CONTENDER)]


@pytest.mark.parametrize("monitor", [None, Monitor(error="gone"), Monitor()])
def test_connections_that_cannot_be_counted_are_unknown(monitor: Monitor | None) -> None:
    assert stage(monitor).database_connections(workload(), CONTENDER) == (None, None)


def test_a_scenario_without_a_database_has_no_connections() -> None:
    monitor = Monitor(counted=(16, 9))
    assert stage(monitor).database_connections(workload(needs=frozenset()), CONTENDER) == (None, None)
    assert monitor.asked == []


class Watch:
    """Stands for the sampler: a server that lived on and was not busy."""

    server_changed, load_side_busy, others_busy, steal, tasks_started = False, None, None, None, None

    def __init__(self, *args: object) -> None:
        pass

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    def usage(self, window_s: float) -> dict[str, Any]:
        return {"server": usage()}


def played(monkeypatch: pytest.MonkeyPatch, monitor: Monitor) -> tuple[str, CellRecord]:
    """One round of a server that answers rightly; and why it failed, if it did."""
    monkeypatch.setattr(measuring, "Sampler", Watch)
    monkeypatch.setattr(measuring, "ask_account", lambda process, workers: None)

    def run(spec: object, exchanges: object, begin: Any, end: Any) -> object:
        begin()
        end()
        return load_result(100)

    whole = stage(monitor)
    whole.generators = SimpleNamespace(run=run, generators=[])  # type: ignore[assignment]
    server: Any = SimpleNamespace(port=1, ward=SimpleNamespace(pid=1, alive=True))
    cell = Cell("orders", CONTENDER, Level(8))
    record = CellRecord("orders", str(CONTENDER), 8)
    own = Measuring(whole, whole.plan, workload(), cell, server, lambda event: None)
    return own.round(record, 1, 1), record


def test_a_round_after_which_something_is_wrong_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    failure, record = played(monkeypatch, Monitor().after(("order 1: no lines",)))
    assert failure == "what it did does not add up: order 1: no lines"
    assert [(one.state, one.reason) for one in record.rounds] == [(State.FAILED, failure)]


def test_what_was_wrong_before_is_not_this_contenders_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is one for all, and what is said of the same thing may change from round to round."""
    lost = Monitor(("book 7: 1 short",)).after(("book 7: 2 short",))
    failure, record = played(monkeypatch, lost)
    assert (failure, record.rounds[0].state) == ("", State.OK)
    failure, _ = played(monkeypatch, Monitor(("book 7: 1 short",)).after(("book 7: 1 short",), ("book 8: 1 short",)))
    assert failure.endswith("add up: book 8: 1 short")


def test_no_more_complaints_are_told_than_are_worth_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    failure, _ = played(monkeypatch, Monitor().after(*((f"book {number}: short",) for number in range(1000))))
    assert failure.count("short") == COMPLAINTS


def test_a_round_after_which_all_adds_up_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    failure, record = played(monkeypatch, Monitor(counted=(16, 9)))
    assert (failure, record.rounds[0].state) == ("", State.OK)
    assert (record.rounds[0].database_connections, record.rounds[0].database_connections_busy) == (16, 9)
