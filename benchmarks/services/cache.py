"""The run's cache: a Redis where one is named, with keys of our own and never a flush; else each process has its own.

What is written there expires by itself, so that a command that was killed leaves nothing for long.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis

from benchmarks.exceptions import ServiceDied, StartError, UsageError
from benchmarks.services.database import redact

VARIABLE = "CROSSOVER_REDIS_URL"
STEP_TIMEOUT_S = 1.0  # of connecting and of each answer; the way in is two steps
BATCH = 500
# What clients send when they open a connection, and what the harness sends to look and to clean up.
NOT_WORK = frozenset({"auth", "client", "command", "config", "hello", "info", "ping", "scan", "select", "unlink"})


@dataclass
class CacheService:
    """The cache that the servers under load talk to."""

    url: str = ""  # empty: LocMem in each process
    prefix: str = ""  # of every key
    description: str = "LocMem, one per process"
    _monitor: redis.Redis | None = None

    def environment(self) -> dict[str, str]:
        """The variables that tell a server under load where its cache is."""
        return {VARIABLE: self.url, "CROSSOVER_CACHE_PREFIX": self.prefix} if self.url else {}

    def commands(self) -> int | None:
        """Commands the server has executed so far, connection set-up left out, other people's included.

        None without a server, or where it does not tell. Raises ServiceDied when it is gone.
        """
        if self._monitor is None:
            return None
        try:
            counted: dict[str, dict[str, Any]] = self._monitor.info("commandstats")
        except redis.ResponseError:  # INFO is not for everybody
            return None
        except redis.RedisError as error:
            raise ServiceDied(
                f"the cache {readable(self.url)} does not answer any more: {error}", hint="start the run again"
            ) from error
        names = {key: key.removeprefix("cmdstat_").partition("|")[0] for key in counted}
        return sum(int(counted[key]["calls"]) for key, name in names.items() if name not in NOT_WORK)


@contextmanager
def open_cache(url: str | None) -> Iterator[CacheService]:
    """The Redis at ``url`` with a prefix unlike any other run's; LocMem where there is no URL.

    On leaving, the keys with this prefix are deleted. Raises UsageError for what is no URL of a Redis, StartError when
    it does not answer.
    """
    if not url:
        yield CacheService()
        return
    with closing(_connect(url)) as monitor:
        prefix = f"crossover:{secrets.token_hex(4)}"
        try:
            yield CacheService(url, prefix, f"{_product(monitor)} at {readable(url)}", monitor)
        finally:
            with suppress(redis.RedisError):  # it may be gone by now, and that has been said
                _delete(monitor, f"{prefix}:*")


def readable(url: str) -> str:
    """The URL without its secrets, for records and messages; options may hold a password too."""
    return redact(urlunsplit(urlsplit(url)._replace(query="")))


def _check_url(url: str) -> None:
    """Raises UsageError; the URL itself is not in the message, for what is mistyped may be the password."""
    with suppress(ValueError, TypeError):  # of a port, of an option
        parts = urlsplit(url)
        database = parts.path.removeprefix("/")
        if parts.scheme == "unix" and parts.path.startswith("/"):
            return
        has_place = parts.hostname and (parts.port is None or parts.port > 0)
        # redis-py takes what is no number for database 0, where somebody else's keys are likely to be.
        if parts.scheme in ("redis", "rediss") and has_place and (not database or database.isdecimal()):
            redis.ConnectionPool.from_url(url).make_connection()  # knows the options, and does not connect yet
            return
    raise UsageError(
        f"{VARIABLE} is not understood", hint="write redis://127.0.0.1:6379/0, or redis://user:password@host:6379/0"
    )


def _connect(url: str) -> redis.Redis:
    """A connection that has answered. Raises UsageError or StartError, within three seconds."""
    _check_url(url)
    monitor = redis.Redis.from_url(
        url, decode_responses=True, socket_connect_timeout=STEP_TIMEOUT_S, socket_timeout=STEP_TIMEOUT_S
    )
    try:
        monitor.ping()
    except redis.AuthenticationError as error:
        monitor.close()
        raise StartError(
            f"{VARIABLE} names {readable(url)}, which refuses: {error}", hint="mend its user and password"
        ) from error
    except (redis.RedisError, OSError) as error:
        monitor.close()
        raise StartError(
            f"{VARIABLE} names {readable(url)}, which does not answer ({error})",
            hint="start it, or unset the variable",
        ) from error
    return monitor


def _product(monitor: redis.Redis) -> str:
    """Name and version; Valkey calls itself Redis 7.2 as well."""
    try:
        told: dict[str, Any] = monitor.info("server")
    except redis.RedisError:
        return "Redis"
    return f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told.get('redis_version', '?')}"


def _delete(monitor: redis.Redis, pattern: str) -> None:
    batch: list[str] = []
    for key in monitor.scan_iter(match=pattern, count=BATCH):
        batch.append(key)
        if len(batch) == BATCH:
            monitor.unlink(*batch)
            batch.clear()
    if batch:
        monitor.unlink(*batch)
