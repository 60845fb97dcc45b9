"""What a view can do to a pooled connection, its wrapper or its pool, so that only its own thread may give it back.

Where a function has been put in another's place, ``closed_by`` of the wrapper is the thread that called it first.
"""

from __future__ import annotations

import functools
import time
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils.asyncio import async_unsafe
from psycopg_pool import ConnectionPool

from apps.fastlane import connections as of_threads

from .test_threads import THREAD


def left_in_a_transaction(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.cursor().execute("BEGIN")


def left_with_an_error(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.errors_occurred = True


def left_without_autocommit(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.set_autocommit(False)


def expired(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.connection._expire_at = time.monotonic()


def in_an_atomic_block(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.in_atomic_block = True


def of_a_pool_that_has_gone(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.close_pool()


def of_a_pool_that_is_closed(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.pool.close()


def closed_in_its_own_way(wrapper: Any, monkeypatch: Any) -> None:
    def close() -> None:
        wrapper.__dict__.setdefault("closed_by", THREAD())
        BaseDatabaseWrapper.close(wrapper)

    wrapper.close = close


def with_a_close_that_was_patched(wrapper: Any, monkeypatch: Any) -> None:
    def close(self: Any) -> None:
        self.__dict__.setdefault("closed_by", THREAD())
        usual(self)

    usual = BaseDatabaseWrapper.close
    monkeypatch.setattr(BaseDatabaseWrapper, "close", close)


def with_a_close_that_was_wrapped(wrapper: Any, monkeypatch: Any) -> None:
    @functools.wraps(BaseDatabaseWrapper.close.__wrapped__)
    def close(self: Any) -> None:
        self.__dict__.setdefault("closed_by", THREAD())
        usual(self)

    usual = BaseDatabaseWrapper.close
    monkeypatch.setattr(BaseDatabaseWrapper, "close", close)


def with_a_close_that_was_replaced(wrapper: Any, monkeypatch: Any) -> None:
    @async_unsafe
    def close(self: Any) -> None:
        self.__dict__.setdefault("closed_by", THREAD())
        usual(self)

    usual = BaseDatabaseWrapper.close
    monkeypatch.setattr(BaseDatabaseWrapper, "close", close)


def with_a_backend_s_close_that_was_patched(wrapper: Any, monkeypatch: Any) -> None:
    def _close(self: Any) -> None:
        self.__dict__.setdefault("closed_by", THREAD())
        usual(self)

    usual = DatabaseWrapper._close
    monkeypatch.setattr(DatabaseWrapper, "_close", _close)


def with_a_way_to_its_pool_that_was_patched(wrapper: Any, monkeypatch: Any) -> None:
    def pool(self: Any) -> Any:
        return usual.fget(self)

    usual = DatabaseWrapper.pool
    monkeypatch.setattr(DatabaseWrapper, "pool", property(pool))


def of_another_kind_of_pool(wrapper: Any, monkeypatch: Any) -> None:
    class Pool(ConnectionPool):
        pass

    wrapper.pool.__class__ = Pool


def of_a_pool_with_its_own_way_of_taking_back(wrapper: Any, monkeypatch: Any) -> None:
    pool = wrapper.pool
    pool.putconn = lambda connection: type(pool).putconn(pool, connection)


def of_a_pool_whose_way_of_taking_back_was_patched(wrapper: Any, monkeypatch: Any) -> None:
    def putconn(self: Any, connection: Any) -> None:
        usual(self, connection)

    usual = ConnectionPool.putconn
    monkeypatch.setattr(ConnectionPool, "putconn", putconn)


def of_a_pool_that_was_drained(wrapper: Any, monkeypatch: Any) -> None:
    wrapper.pool.drain()


def not_to_be_judged(wrapper: Any, monkeypatch: Any) -> None:
    def fails(wrapper: Any) -> bool:
        raise AttributeError("_expire_at")

    monkeypatch.setattr(of_threads, "_only_goes_back", fails)


def of_another_backend(wrapper: Any, monkeypatch: Any) -> None:
    class Other(DatabaseWrapper):
        def _close(self) -> None:
            self.__dict__.setdefault("closed_by", THREAD())
            super()._close()

    wrapper.__class__ = Other


def judged_in_its_own_way(wrapper: Any, monkeypatch: Any) -> None:
    def close_if_unusable_or_obsolete() -> None:
        wrapper.__dict__.setdefault("closed_by", THREAD())
        wrapper.close()

    wrapper.close_if_unusable_or_obsolete = close_if_unusable_or_obsolete


def judged_in_a_way_that_was_patched(wrapper: Any, monkeypatch: Any) -> None:
    def close_if_unusable_or_obsolete(self: Any) -> None:
        self.__dict__.setdefault("closed_by", THREAD())
        self.close()

    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", close_if_unusable_or_obsolete)


TO_THE_THREAD = [
    left_in_a_transaction,
    left_with_an_error,
    left_without_autocommit,
    in_an_atomic_block,
    expired,
    of_a_pool_that_has_gone,
    of_a_pool_that_is_closed,
    closed_in_its_own_way,
    with_a_close_that_was_patched,
    with_a_close_that_was_wrapped,
    with_a_close_that_was_replaced,
    with_a_backend_s_close_that_was_patched,
    with_a_way_to_its_pool_that_was_patched,
    of_another_kind_of_pool,
    of_a_pool_with_its_own_way_of_taking_back,
    of_a_pool_whose_way_of_taking_back_was_patched,
    of_a_pool_that_was_drained,
    not_to_be_judged,
    of_another_backend,
    judged_in_its_own_way,
    judged_in_a_way_that_was_patched,
]
