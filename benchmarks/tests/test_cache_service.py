"""The run's cache: a prefix of its own on a server that may be somebody else's too, and what it is told to do."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import redis

from benchmarks.exceptions import ServiceDied, StartError, UsageError
from benchmarks.services.cache import BATCH, open_cache
from benchmarks.tests.valkey import valkey
from benchmarks.wards import Guard

PROMISE_S, SLACK_S = 3.0, 2.0
PASSWORD = "s3cret"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_each_process_has_its_own(url: str | None) -> None:
    with open_cache(url) as cache:
        assert cache.environment() == {}
        assert cache.commands() is None
        assert cache.description == "LocMem, one per process"


def test_servers_are_told_where_it_is_and_which_keys_are_theirs(redis_url: str) -> None:
    with open_cache(redis_url) as cache, open_cache(redis_url) as other:
        assert cache.environment() == {"CROSSOVER_REDIS_URL": redis_url, "CROSSOVER_CACHE_PREFIX": cache.prefix}
        assert cache.prefix != other.prefix
        assert cache.prefix.startswith("crossover:")


def test_its_name_is_for_people(redis_url: str) -> None:
    with open_cache(redis_url) as cache:
        assert cache.description.startswith("Valkey 9.")
        assert cache.description.endswith(f" at {redis_url}")


def test_commands_are_counted_and_the_set_up_of_connections_is_not(redis_url: str, client: redis.Redis) -> None:
    with open_cache(redis_url) as cache:
        before = cache.commands()
        assert before is not None
        for _ in range(3):
            with redis.Redis.from_url(redis_url, client_name="somebody", db=1) as other:
                other.ping()
        assert cache.commands() == before
        client.set("somebody's", 1, ex=60)
        client.get("somebody's")
        client.mget(["somebody's", "other"])
        assert cache.commands() == before + 3


def test_its_own_keys_are_deleted_and_nobody_elses(redis_url: str, client: redis.Redis) -> None:
    before = set(client.scan_iter())
    with open_cache(redis_url) as other:
        with open_cache(redis_url) as cache:
            foreign = {"somebody's", f"{other.prefix}:1:7", f"{cache.prefix}0:1:7"}
            client.mset(dict.fromkeys(foreign, 1))
            client.mset({f"{cache.prefix}:1:{number}": number for number in range(2 * BATCH + 1)})
        assert set(client.scan_iter()) == before | foreign
    assert set(client.scan_iter()) == (before | foreign) - {f"{other.prefix}:1:7"}
    client.delete(*foreign)


def test_they_are_deleted_when_a_run_fails_too(redis_url: str, client: redis.Redis) -> None:
    with pytest.raises(ZeroDivisionError), open_cache(redis_url) as cache:
        client.set(f"{cache.prefix}:1:7", 7)
        _ = 1 / 0
    assert not client.exists(f"{cache.prefix}:1:7")


def refused(url: str) -> tuple[StartError, float]:
    began_s = time.monotonic()
    with pytest.raises(StartError) as caught, open_cache(url):
        pass
    return caught.value, time.monotonic() - began_s


def test_nobody_there_is_said_at_once_with_what_to_do() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
        error, took_s = refused(url)
    assert f"CROSSOVER_REDIS_URL names {url}, which does not answer" in str(error)
    assert error.hint == "start it, or unset the variable"
    assert took_s < PROMISE_S + SLACK_S


def test_who_takes_the_connection_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error, took_s = refused(f"redis://localhost:{silent.getsockname()[1]}/0")
    assert "does not answer" in str(error)
    assert took_s < PROMISE_S + SLACK_S


def test_who_takes_no_connection_at_all_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):  # none is accepted, so that the next one waits for room
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        error, took_s = refused(f"redis://127.0.0.1:{full.getsockname()[1]}/0")
    assert "does not answer" in str(error)
    assert took_s < PROMISE_S + SLACK_S


def test_a_password_is_used_and_never_shown(guard: Guard) -> None:
    with valkey(guard, "--requirepass", PASSWORD, password=PASSWORD) as (url, _):
        secret = url.replace("redis://", f"redis://:{PASSWORD}@")
        with open_cache(secret) as cache:
            assert cache.commands() is not None
            assert PASSWORD not in cache.description
            assert cache.environment()["CROSSOVER_REDIS_URL"] == secret
        with open_cache(f"{url}?password={PASSWORD}") as cache:
            assert PASSWORD not in cache.description
        wrong, _ = refused(url.replace("redis://", f"redis://:not-{PASSWORD}@"))
        assert "refuses" in str(wrong)
        assert PASSWORD not in str(wrong) + wrong.hint


def test_one_that_dies_in_the_middle_of_a_run_is_named(guard: Guard) -> None:
    with valkey(guard) as (url, ward), open_cache(url) as cache:
        guard.stop(ward)
        with pytest.raises(ServiceDied, match=f"the cache {url} does not answer any more"):
            cache.commands()


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        "http://127.0.0.1:6379/0",
        "redis://",
        f"redis://:{PASSWORD}/x@127.0.0.1/0",
        "redis://127.0.0.1:port/0",
        "redis://127.0.0.1:0/0",
        "redis://127.0.0.1:99999/0",
        "redis://127.0.0.1/name",
        "redis://127.0.0.1/-1",
        "redis://127.0.0.1/0?socket_timeout=soon",
        "redis://127.0.0.1/0?no_such_option=1",
        "redis://[::1/0",
        "unix://",
    ],
)
def test_what_is_no_url_of_a_redis_is_a_mistake_in_the_asking(url: str) -> None:
    with pytest.raises(UsageError, match="CROSSOVER_REDIS_URL is not understood") as caught, open_cache(url):
        pass
    assert "redis://127.0.0.1:6379/0" in caught.value.hint
    assert PASSWORD not in str(caught.value)
