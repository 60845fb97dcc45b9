"""SQL statements of a request that is recorded: what and when, not with which values."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .trace import Query, current

TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE|JOIN)\s+["`\[]?([A-Za-z_][\w.]*)', re.IGNORECASE)
WORD = re.compile(r"\s*([A-Za-z]+)")


def summary(sql: object) -> str:
    """``SELECT catalog_book``: a statement's first word and the first table that it names."""
    if not isinstance(sql, str):
        return type(sql).__name__
    word, table = WORD.match(sql), TABLE.search(sql)
    return " ".join([word[1].upper() if word else "SQL", *([table[1]] if table else [])])


def record_query(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """An execute wrapper: only looks whether a trace is on when there is none."""
    trace = current.get()
    if trace is None:
        return execute(sql, params, many, context)
    thread, started_s = threading.current_thread(), monotonic()
    try:
        return execute(sql, params, many, context)
    finally:
        trace.queries.append(Query(summary(sql), started_s, monotonic(), thread.name, thread.ident or 0))


def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Record what is executed on a connection; once is enough."""
    if record_query not in connection.execute_wrappers:
        # In front: whoever is inside ``with connection.execute_wrapper(…)`` takes the last one away when he leaves.
        connection.execute_wrappers.insert(0, record_query)


def watch_this_thread() -> None:
    """Connections that this thread opened before anything was recorded."""
    for connection in connections.all(initialized_only=True):
        watch(connection)


def install() -> None:
    """Watch every connection from now on."""
    connection_created.connect(watch, dispatch_uid="crossover-queries")
