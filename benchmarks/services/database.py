"""The workload's database: claim a schema of our own, count its statements, leave everything else alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.exceptions import DatabaseError, ForeignDatabase, UsageError
from benchmarks.services.postgres import SETTINGS, embedded_postgres
from benchmarks.wards import Guard, Ward

SCHEMA = "crossover_workload"
MARK = "made by crossover runbench; dropped and made again at will"
LOCK_KEY = 0x43524F53  # "CROS"
EMBEDDED, SQLITE = "embedded", "sqlite"

FOREIGN_RELATIONS = """
    SELECT n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', %(schema)s)
      AND n.nspname NOT LIKE 'pg_toast%%' AND n.nspname NOT LIKE 'pg_temp%%'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1 LIMIT 4
"""
# What a client library sends when it opens a connection is not the view's work, and pools open theirs at any time.
STATEMENTS = """
    SELECT coalesce(sum(s.calls), 0)::bigint
    FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE d.datname = current_database() AND s.query NOT LIKE '%%pg_stat_statements%%'
      AND s.query !~* '^\\s*(set|show|select set_config|select pg_catalog.set_config)\\M'
"""


CONNECTIONS = """
    SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s
"""


@dataclass
class WorkloadDatabase:
    """The database the servers under load talk to."""

    url: str  # what the servers get: postgresql://… or sqlite:///…
    kind: str  # "postgresql" or "sqlite"
    description: str
    ward: Ward | None = None  # the embedded server
    _monitor: psycopg.Connection | None = None
    counts_statements: bool = False

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures has to know."""
        if self.kind == "sqlite":
            return ["SQLite was asked for: figures are not representative, statements are not counted"]
        return (
            [] if self.counts_statements else ["pg_stat_statements is not installed there: statements are not counted"]
        )

    def statements(self) -> int | None:
        """Statements the server has executed in this database so far, session set-up left out; None if unknown."""
        if not self.counts_statements or self._monitor is None:
            return None
        try:
            row = self._monitor.execute(STATEMENTS).fetchone()
        except psycopg.Error as error:
            raise DatabaseError(f"the database is gone: {str(error).strip()}", hint="start the run again") from error
        assert row is not None
        return int(row[0])

    def connections(self, application_name: str) -> tuple[int | None, int | None]:
        """Connections that clients of this name have open, and how many of them are at work in this moment.

        None where they cannot be told apart, as in SQLite.
        """
        if self._monitor is None:
            return None, None
        try:
            row = self._monitor.execute(CONNECTIONS, [application_name]).fetchone()
        except psycopg.Error:
            return None, None
        return (int(row[0]), int(row[1])) if row else (None, None)

    def audit(self, query: str) -> list[str]:
        """Run a card's audit; each row's first column is a complaint. Nothing is audited in SQLite."""
        if self._monitor is None:
            return []
        try:
            return [str(row[0]) for row in self._monitor.execute(query).fetchall()]
        except psycopg.Error as error:
            raise DatabaseError(f"the audit failed: {str(error).strip()}", hint="start the run again") from error

    def environment(self) -> dict[str, str]:
        """The variables that tell a server under load where its data are."""
        return {"CROSSOVER_DATABASE_URL": self.url, "CROSSOVER_SCHEMA": SCHEMA if self.kind == "postgresql" else ""}


def redact(url: str) -> str:
    """The URL without its password, for records and messages."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return "the database's URL"
    return url if password is None else urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{password}@", ":…@")))


def check_choice(choice: str) -> None:
    """Raises UsageError for a database that is neither a known word nor a PostgreSQL URL."""
    if choice in (EMBEDDED, SQLITE):
        return
    if choice.startswith(("postgresql://", "postgres://")):
        with suppress(psycopg.ProgrammingError, ValueError):
            conninfo_to_dict(choice)
            urlsplit(choice)
            return
    raise UsageError(
        f"--database {redact(choice)!r} is not understood",
        hint="use 'embedded' (the default), 'sqlite', or a URL like postgresql://user:password@127.0.0.1:5432/empty",
    )


@contextmanager
def open_workload(guard: Guard, choice: str, cpus: Sequence[int]) -> Iterator[WorkloadDatabase]:
    """Provide the database named by ``choice`` for the length of a run.

    Raises DatabaseError when it cannot be reached, ForeignDatabase when it holds what the harness did not make.
    """
    check_choice(choice)
    if choice == SQLITE:
        path = guard.folder / "workload.sqlite3"
        yield WorkloadDatabase(f"sqlite:///{path}", "sqlite", "SQLite (asked for; its figures are not representative)")
        return
    if choice == EMBEDDED:
        with embedded_postgres(guard, cpus) as (url, ward), _claimed(url) as monitor:
            monitor.execute(f"CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA {SCHEMA}")
            settings = ", ".join(f"{key}={SETTINGS[key]}" for key in ("shared_buffers", "fsync", "autovacuum"))
            version = _version(monitor)
            yield WorkloadDatabase(url, "postgresql", f"embedded {version} ({settings})", ward, monitor, True)
        return
    with _claimed(choice) as monitor:
        counted = monitor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'").fetchone()
        description = f"{_version(monitor)} at {redact(choice)}, schema {SCHEMA}"
        yield WorkloadDatabase(choice, "postgresql", description, None, monitor, bool(counted and counted[0]))


def _version(connection: psycopg.Connection) -> str:
    row = connection.execute("SHOW server_version").fetchone()
    return f"PostgreSQL {row[0] if row else '?'}"


@contextmanager
def _claimed(url: str) -> Iterator[psycopg.Connection]:
    """Connect, refuse what is not ours, make and mark our schema; at the end drop it again."""
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=5, application_name=f"crossover {os.getpid()}"
        )
    except psycopg.Error as error:
        raise DatabaseError(
            f"the database {redact(url)} cannot be reached: {str(error).strip()}",
            hint="start it or mend the URL; without --database an embedded PostgreSQL is started for you",
        ) from error
    with connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
        if not row or not row[0]:
            raise DatabaseError(f"another run is using {redact(url)}", hint="wait for it to end, then try again")
        _refuse_foreign(connection, url)
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{MARK}'")
        connection.execute(f"SET search_path = {SCHEMA}, public")
        try:
            yield connection
        finally:
            with suppress(psycopg.Error):  # it may be gone by now, and that has been said
                connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _refuse_foreign(connection: psycopg.Connection, url: str) -> None:
    mark = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [SCHEMA]
    ).fetchone()
    if mark is not None and mark[0] != MARK:
        raise ForeignDatabase(
            f"{redact(url)} has a schema {SCHEMA} that this harness did not make; nothing was touched",
            hint="name an empty database",
        )
    foreign = [row[0] for row in connection.execute(FOREIGN_RELATIONS, {"schema": SCHEMA}).fetchall()]
    if foreign:
        names = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        raise ForeignDatabase(
            f"{redact(url)} holds tables this harness did not make ({names}); nothing was touched",
            hint="name an empty database, for example one made with: createdb crossover_workload",
        )
