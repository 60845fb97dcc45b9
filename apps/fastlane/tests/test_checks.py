"""System checks: each complains of what undoes the gain, names it, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.apps import AppConfig
from django.core import signals
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import override_settings

from apps.fastlane import checks
from apps.fastlane.handler import MAX_THREADS, default_threads

HERE = __name__
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}

Found = list[tuple[str, str]]


def found(check: Callable[[], list[Any]]) -> Found:
    """(id, message) pairs; each message has a hint."""
    messages = check()
    assert all(message.hint for message in messages)
    return [(message.id.removeprefix("fastlane."), message.msg) for message in messages]


def test_the_app_registers_every_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "registered_checks", set())
    monkeypatch.setattr(checks, "CHECKS", (lambda **kwargs: ["one"], lambda **kwargs: ["two"]))
    config = AppConfig.create("apps.fastlane")
    config.ready()
    assert (config.name, config.label) == ("apps.fastlane", "fastlane")
    assert sorted(run_checks(tags=["fastlane"])) == ["one", "two"]


def test_all_checks_are_among_them() -> None:
    names = [name for name in vars(checks) if name.startswith("check_")]
    assert sorted(check.__name__ for check in checks.CHECKS) == sorted(names)


# Settings


@pytest.mark.parametrize(
    "values", [{}, {"FASTLANE_THREADS": None, "FASTLANE_MAX_THREADS": None}, {"FASTLANE_MAX_BODY_BYTES": None}]
)
def test_defaults_are_right(values: dict[str, None]) -> None:
    with override_settings(**values):
        assert found(checks.check_settings) == []


@pytest.mark.parametrize("name", ["FASTLANE_THREADS", "FASTLANE_MAX_THREADS", "FASTLANE_MAX_BODY_BYTES"])
@pytest.mark.parametrize("value", [0, -1, 2.0, "8", True])
def test_a_setting_that_is_no_positive_integer_is_an_error(name: str, value: object) -> None:
    with override_settings(**{name: value}):
        assert found(checks.check_settings) == [("E001", f"{name} is {value!r}, not a positive integer.")]


def test_fewer_threads_than_may_run_are_an_error() -> None:
    with override_settings(FASTLANE_THREADS=8, FASTLANE_MAX_THREADS=8):
        assert found(checks.check_settings) == []
    with override_settings(FASTLANE_THREADS=8, FASTLANE_MAX_THREADS=7):
        assert found(checks.check_settings) == [
            ("E002", "FASTLANE_MAX_THREADS is 7, less than FASTLANE_THREADS, which is 8.")
        ]
    with override_settings(FASTLANE_THREADS=MAX_THREADS + 1):
        assert [identity for identity, _ in found(checks.check_settings)] == ["E002"]
    with override_settings(FASTLANE_MAX_THREADS=default_threads() - 1):
        assert [identity for identity, _ in found(checks.check_settings)] == ["E002"]


# Connections


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Found]:
    """What is found with these databases, by alias."""

    def checked(**databases: dict[str, Any]) -> Found:
        configured = connections.configure_settings({"default": {}, **databases})
        monkeypatch.setitem(connections.__dict__, "settings", configured)
        return found(checks.check_connections)

    return checked


@pytest.mark.parametrize(
    "database",
    [
        {**POSTGRESQL, "CONN_MAX_AGE": None},
        {**POSTGRESQL, "CONN_MAX_AGE": 60},
        {**POSTGRESQL, "OPTIONS": {"pool": {"min_size": 1, "max_size": MAX_THREADS}}},
        {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:shop?mode=memory&cache=shared"},
        {"ENGINE": "django.db.backends.oracle", "NAME": "shop", "OPTIONS": {"pool": {"min": 1, "max": 2}}},
        {**POSTGRESQL, "CONN_MAX_AGE": None, "OPTIONS": "no dictionary"},
        {},
    ],
)
def test_a_database_whose_connections_stay_is_right(databases: Callable[..., Found], database: dict[str, Any]) -> None:
    assert databases(shop=database) == []


@pytest.mark.parametrize(
    "database",
    [
        POSTGRESQL,
        {**POSTGRESQL, "CONN_MAX_AGE": 0, "OPTIONS": {"pool": False}},
        {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"},
    ],
)
def test_a_connection_for_every_request_is_warned_of(databases: Callable[..., Found], database: dict[str, Any]) -> None:
    ((identity, message),) = databases(shop=database, other={**POSTGRESQL, "CONN_MAX_AGE": None})
    assert identity == "W001"
    assert message.startswith("DATABASES['shop'] has CONN_MAX_AGE = 0 and no pool")


@pytest.mark.parametrize(
    ("pool", "largest"),
    [
        (True, 4),
        ({"min_size": 2}, 2),
        ({"min_size": 2, "max_size": None}, 2),
        ({"max_size": 4}, 4),
        ({"max_size": 5}, None),
        ({"min_size": 5}, None),
    ],
)
def test_a_pool_smaller_than_the_threads_is_warned_of(
    databases: Callable[..., Found], pool: object, largest: int | None
) -> None:
    with override_settings(FASTLANE_THREADS=5, FASTLANE_MAX_THREADS=12):
        complaints = databases(shop={**POSTGRESQL, "OPTIONS": {"pool": pool}})
    expected = f"The pool of DATABASES['shop'] has at most {largest} connections, and 5 sync functions may run"
    assert [(identity, message.startswith(expected)) for identity, message in complaints] == (
        [("W002", True)] if largest else []
    )


@pytest.mark.parametrize("broken", [{"shop": {}}, "a string"])
def test_databases_that_django_refuses_are_left_to_django(monkeypatch: pytest.MonkeyPatch, broken: object) -> None:
    monkeypatch.setattr(connections, "_settings", broken)
    monkeypatch.delitem(connections.__dict__, "settings", raising=False)
    with pytest.raises(ImproperlyConfigured):
        connections.settings  # noqa: B018 - it is made when it is asked for
    assert found(checks.check_connections) == []


# Receivers of the request signals


def plain(**kwargs: Any) -> None: ...


async def coroutine(**kwargs: Any) -> None: ...


class Listener:
    def method(self, **kwargs: Any) -> None: ...

    def __call__(self, **kwargs: Any) -> None: ...

    def __repr__(self) -> str:
        raise AssertionError("a repr may run anything")


@pytest.fixture
def connected() -> Iterator[Callable[..., None]]:
    made: list[tuple[Any, Any, Any]] = []

    def connect(signal: Any, receiver: Any, sender: Any = None) -> None:
        signal.connect(receiver, sender=sender, weak=False)
        made.append((signal, receiver, sender))

    yield connect
    for signal, receiver, sender in made:
        signal.disconnect(receiver, sender=sender)


def test_djangos_own_receivers_and_coroutines_are_right(connected: Callable[..., None]) -> None:
    def close_something(**kwargs: Any) -> None: ...

    close_something.__module__ = "django.test.client"
    connected(signals.request_started, coroutine)
    connected(signals.request_finished, close_something)
    assert found(checks.check_receivers) == []


def test_a_receiver_of_one_sender_is_warned_of_if_it_is_the_handler(connected: Callable[..., None]) -> None:
    connected(signals.request_finished, plain, sender=WSGIHandler)
    assert found(checks.check_receivers) == []
    connected(signals.request_finished, plain, sender=ASGIHandler)
    assert len(found(checks.check_receivers)) == 1


def test_a_name_that_begins_like_djangos_is_a_third_partys(connected: Callable[..., None]) -> None:
    def receive(**kwargs: Any) -> None: ...

    receive.__module__ = "django_shop"
    connected(signals.request_started, receive)
    assert len(found(checks.check_receivers)) == 1


@pytest.mark.parametrize(
    ("receiver", "name"),
    [
        (plain, "plain"),
        (partial(plain, extra=1), "plain"),
        (Listener(), "Listener"),
        (Listener().method, "Listener.method"),
    ],
)
def test_a_third_partys_sync_receiver_is_warned_of_by_name(
    connected: Callable[..., None], receiver: Any, name: str
) -> None:
    connected(signals.request_started, receiver)
    connected(signals.request_finished, receiver)
    assert found(checks.check_receivers) == [
        ("W010", f"{HERE}.{name} is a sync receiver of {signal}: a hop to a thread for every request.")
        for signal in ("request_started", "request_finished")
    ]
