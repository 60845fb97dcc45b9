"""A thread's database connections: what the loop can see of them, and how they are left for the next request.

Django's request signals close connections that are too old or broken. Here that runs on the thread, before its first
job and after its last, and only where there is something to do: whether there is can be seen from the loop, since a
thread's wrappers are attributes in a dictionary, and the thread rests meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from django.core import signals
from django.db import close_old_connections, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger("django.request")

Wrappers = dict[str, Any]

PSYCOPG_POOL_SIZE = 4  # what psycopg_pool makes of no size at all


def of_this_thread() -> Wrappers | None:
    """The dictionary that holds this thread's wrappers, which stays true; None where asgiref keeps none."""
    try:
        storage = connections._connections._storage  # type: ignore[attr-defined]
        attributes: Wrappers = storage.__dict__
        # Proof that it is what the lookup uses, and this thread's own.
        marker = object()
        connections._connections._fastlane_probe = marker  # type: ignore[attr-defined]
        seen = attributes.pop("_fastlane_probe", None) is marker
    except AttributeError:
        return None
    return attributes if seen else None


def _wrappers(held: Wrappers) -> list[tuple[str, BaseDatabaseWrapper]]:
    return [(alias, one) for alias, one in held.items() if isinstance(one, BaseDatabaseWrapper)]


def need_tidying(held: Wrappers | None) -> bool:
    """Whether something has to run on the thread before another request may have it. Asked while it rests."""
    if held is None:
        return True
    if not held:
        return False
    connected = _is_connected(signals.request_finished, close_old_connections)
    return any(_needs_closing(wrapper, connected) for _, wrapper in _wrappers(held))


def _needs_closing(wrapper: BaseDatabaseWrapper, housekeeping: bool) -> bool:
    """What ``close_if_unusable_or_obsolete`` would do, without asking the database; a shared one is somebody's own."""
    if wrapper.allow_thread_sharing or (wrapper.connection is None and not wrapper.in_atomic_block):
        return False
    if wrapper.in_atomic_block or wrapper.closed_in_transaction:
        return True
    if not housekeeping:
        return False
    # The one thing it does to a connection that is well.
    wrapper.health_check_done = False  # type: ignore[attr-defined]
    if wrapper.autocommit != wrapper.settings_dict["AUTOCOMMIT"] or wrapper.errors_occurred:
        return True
    return wrapper.close_at is not None and time.monotonic() >= wrapper.close_at


def tidy(held: Wrappers | None) -> None:
    """On the thread: close what must not go on to another request, and discard a wrapper left inside ``atomic``."""
    try:
        for alias, wrapper in _wrappers(held) if held is not None else _seen_here():
            if wrapper.allow_thread_sharing:
                continue
            if wrapper.in_atomic_block or wrapper.closed_in_transaction:
                with contextlib.suppress(Exception):
                    wrapper.close()
                del connections[alias]
        if _is_connected(signals.request_finished, close_old_connections):
            close_old_connections()
    except Exception:
        logger.exception("The connections of a thread could not be tidied up; they are closed")
        close_here()


def _seen_here() -> list[tuple[str, BaseDatabaseWrapper]]:
    return [(one.alias, one) for one in connections.all(initialized_only=True)]


def prepare() -> None:
    """On the thread, before a request's first job: what Django does at ``request_started``, if that is still wanted."""
    try:
        for receiver in (reset_queries, close_old_connections):
            if _is_connected(signals.request_started, receiver):
                receiver()
    except Exception:
        logger.exception("The connections of a thread could not be prepared for the next request")


def close_here() -> None:
    """On the thread, at its end."""
    for wrapper in connections.all(initialized_only=True):
        if not wrapper.allow_thread_sharing:
            with contextlib.suppress(Exception):
                wrapper.close()


def named_cursors(held: Wrappers | None) -> dict[str, int]:
    """How many server-side cursors each connection has made so far."""
    return {alias: getattr(one, "_named_cursor_idx", 0) for alias, one in _wrappers(held or {})}


def smallest_pool() -> int | None:
    """How many connections the smallest psycopg pool of the settings has; None: no database has one."""
    sizes = []
    for conf in connections.settings.values():
        options = conf.get("OPTIONS", {}).get("pool")
        if options:
            own = options if isinstance(options, dict) else {}
            sizes.append(own.get("max_size") or own.get("min_size", PSYCOPG_POOL_SIZE))
    return min(sizes, default=None)


def holds_pooled(held: Wrappers | None) -> bool:
    """Whether a thread has a connection of a pool, seen from anywhere while nothing runs on it."""
    return any(
        one.connection is not None and one.settings_dict["OPTIONS"].get("pool") for _, one in _wrappers(held or {})
    )


def open_transactions(held: Wrappers | None) -> list[str]:
    """Aliases of connections with an open transaction, seen from the loop while the thread rests."""
    return [
        alias
        for alias, one in _wrappers(held or {})
        if one.connection is not None
        and not one.allow_thread_sharing
        and (one.in_atomic_block or (one.settings_dict["AUTOCOMMIT"] and not one.autocommit))
    ]


def open_cursors(held: Wrappers | None) -> list[str]:
    """On the thread: aliases of connections with a server-side cursor open, which the database is asked for."""
    found = []
    for alias, one in _wrappers(held or {}):
        if one.vendor == "postgresql" and one.connection is not None:
            with one.connection.cursor() as cursor:  # past Django, whose counters and logs it is no business of
                cursor.execute("SELECT 1 FROM pg_cursors LIMIT 1")
                if cursor.fetchone():
                    found.append(alias)
    return found


def _is_connected(signal: Any, receiver: Any) -> bool:
    """Whether a project still has Django's own receiver connected."""
    key = id(receiver)
    return any(entry[0][0] == key for entry in signal.receivers)
