"""A thread's database connections: what the loop can see of them, and how they are left for the next request.

Django's request signals close connections that are too old or broken. Here that runs on the thread, before its first
job and after its last, and only where there is something to do: whether there is can be seen from the loop, since a
thread's wrappers are attributes in a dictionary, and the thread rests meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from functools import lru_cache
from typing import Any

from django.core import signals
from django.db import close_old_connections, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger("django.request")

Wrappers = dict[str, Any]

PSYCOPG_POOL_SIZE = 4  # what psycopg_pool makes of no size at all
IDLE = 0  # libpq's PQTRANS_IDLE: in no transaction
# Modules whose functions are known here.
BASE, ASYNC_UNSAFE = BaseDatabaseWrapper.__module__, "django.utils.asyncio"
POSTGRESQL, PSYCOPG_POOL = "django.db.backends.postgresql.base", "psycopg_pool.pool"


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


def _wrappers(held: Wrappers | None) -> list[BaseDatabaseWrapper]:
    return [one for one in held.values() if isinstance(one, BaseDatabaseWrapper)] if held else []


def leave(held: Wrappers | None) -> bool:
    """At a request's end, while the thread rests; whether something has to run there before another may have it.

    A sound connection goes back to its psycopg pool from here, which waits for nothing and costs less than a hop.
    """
    if not held:
        return held is None
    housekeeping = _is_connected(signals.request_finished, close_old_connections)
    needed = False
    for wrapper in _wrappers(held):
        try:
            if housekeeping and _only_goes_back(wrapper):
                _give_back(wrapper)
            else:
                needed |= _needs_closing(wrapper, housekeeping)
        except Exception:
            logger.exception("A connection could not be judged from outside; its own thread looks after it")
            needed = True
    return needed


def _needs_closing(wrapper: BaseDatabaseWrapper, housekeeping: bool) -> bool:
    """What ``close_if_unusable_or_obsolete`` would do, without asking the database; a shared one is somebody's own."""
    if wrapper.allow_thread_sharing or (wrapper.connection is None and not wrapper.in_atomic_block):
        return False
    if wrapper.in_atomic_block or wrapper.closed_in_transaction:
        return True
    if not housekeeping:
        return False
    if not _is_known(wrapper):
        return True
    # The one thing it does to a connection that is well.
    wrapper.health_check_done = False  # type: ignore[attr-defined]
    if wrapper.autocommit != wrapper.settings_dict["AUTOCOMMIT"] or wrapper.errors_occurred:
        return True
    return wrapper.close_at is not None and time.monotonic() >= wrapper.close_at


@lru_cache(maxsize=256)
def _is_own(function: Any, module: str) -> bool:
    """Whether a function is written in that module's file: not one that somebody has put around or in place of it."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == getattr(sys.modules.get(module), "__file__", None)


def _is_known(wrapper: BaseDatabaseWrapper) -> bool:
    """Whether it is judged and closed by what is known here: ``close_if_unusable_or_obsolete`` as Django has it."""
    name = "close_if_unusable_or_obsolete"
    return name not in wrapper.__dict__ and _is_own(type(wrapper).close_if_unusable_or_obsolete, BASE)


def _only_goes_back(wrapper: Any) -> bool:
    """Whether all that closing it does is to hand a connection that is well to its psycopg pool."""
    connection, close_at = wrapper.connection, wrapper.close_at
    if connection is None or close_at is None or not wrapper.settings_dict["OPTIONS"].get("pool"):
        return False
    if wrapper.allow_thread_sharing or wrapper.in_atomic_block or wrapper.errors_occurred:
        return False
    now_s = time.monotonic()
    if wrapper.autocommit != wrapper.settings_dict["AUTOCOMMIT"] or now_s < close_at:
        return False
    pool = getattr(connection, "_pool", None)
    # Else the pool would roll it back, or close it.
    if pool is None or pool.closed or connection.pgconn.transaction_status != IDLE or connection._expire_at <= now_s:
        return False
    if getattr(pool, "_drained_at", 0.0) >= getattr(connection, "_created_at", now_s):
        return False
    return _is_known(wrapper) and _closes_as_django_does(wrapper) and _takes_back_as_psycopg_does(pool)


def _closes_as_django_does(wrapper: Any) -> bool:
    kind = type(wrapper)
    return (
        kind.__module__ == POSTGRESQL
        and {"close", "_close"}.isdisjoint(wrapper.__dict__)
        and _is_own(kind.close, ASYNC_UNSAFE)
        and _is_own(getattr(kind.close, "__wrapped__", None), BASE)
        and _is_own(kind._close, POSTGRESQL)
        and _is_own(getattr(kind.pool, "fget", None), POSTGRESQL)
    )


def _takes_back_as_psycopg_does(pool: Any) -> bool:
    """Not, for one, as its NullConnectionPool, which closes connections, and connects with its lock held."""
    kind = type(pool)
    return (
        (kind.__module__, kind.__name__) == (PSYCOPG_POOL, "ConnectionPool")
        and "putconn" not in pool.__dict__
        and _is_own(kind.putconn, PSYCOPG_POOL)
    )


def _give_back(wrapper: Any) -> None:
    wrapper.inc_thread_sharing()
    try:
        wrapper.close.__wrapped__(wrapper)  # without async_unsafe, which refuses it on a loop
    finally:
        wrapper.dec_thread_sharing()


def tidy(held: Wrappers | None) -> None:
    """On the thread: close what must not go on to another request, and discard a wrapper left inside ``atomic``."""
    try:
        for alias, wrapper in _with_aliases(held):
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


def _with_aliases(held: Wrappers | None) -> list[tuple[str, BaseDatabaseWrapper]]:
    """A wrapper may be kept under another alias than its own."""
    if held is None:
        return [(one.alias, one) for one in connections.all(initialized_only=True)]
    return [(alias, one) for alias, one in held.items() if isinstance(one, BaseDatabaseWrapper)]


def prepare(held: Wrappers | None) -> dict[str, int]:
    """On the thread, before a request's first job: what Django does at ``request_started``, if that is still wanted.

    Returns how many server-side cursors each connection has made so far.
    """
    if held is not None and not held:
        return {}
    try:
        resets = _is_connected(signals.request_started, reset_queries)
        closes = _is_connected(signals.request_started, close_old_connections)
        known = _wrappers(held)
        if held is None or len(known) != len(held):  # what is no wrapper of Django's may stand for one
            known = list(connections.all(initialized_only=True))
        if resets:
            for wrapper in known:
                wrapper.queries_log.clear()
        if closes:
            for wrapper in known:
                wrapper.close_if_unusable_or_obsolete()
    except Exception:
        logger.exception("The connections of a thread could not be prepared for the next request")
    return named_cursors(held)


def close_here() -> None:
    """On the thread, at its end."""
    for wrapper in connections.all(initialized_only=True):
        if not wrapper.allow_thread_sharing:
            with contextlib.suppress(Exception):
                wrapper.close()


def named_cursors(held: Wrappers | None) -> dict[str, int]:
    """How many server-side cursors each connection has made so far."""
    return {alias: getattr(one, "_named_cursor_idx", 0) for alias, one in held.items()} if held else {}


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
    return any(one.connection is not None and one.settings_dict["OPTIONS"].get("pool") for one in _wrappers(held))


def open_transactions(held: Wrappers | None) -> list[str]:
    """Aliases of connections with an open transaction, seen from the loop while the thread rests."""
    return [
        one.alias
        for one in _wrappers(held)
        if one.connection is not None
        and not one.allow_thread_sharing
        and (one.in_atomic_block or (one.settings_dict["AUTOCOMMIT"] and not one.autocommit))
    ]


def open_cursors(held: Wrappers | None) -> list[str]:
    """On the thread: aliases of connections with a server-side cursor open, which the database is asked for."""
    found = []
    for one in _wrappers(held):
        if one.vendor == "postgresql" and one.connection is not None:
            with one.connection.cursor() as cursor:  # past Django, whose counters and logs it is no business of
                cursor.execute("SELECT 1 FROM pg_cursors LIMIT 1")
                if cursor.fetchone():
                    found.append(one.alias)
    return found


def _is_connected(signal: Any, receiver: Any) -> bool:
    """Whether a project still has Django's own receiver connected."""
    key = id(receiver)
    for entry in signal.receivers:  # noqa: SIM110 - any() costs a generator, for every request
        if entry[0][0] == key:
            return True
    return False
