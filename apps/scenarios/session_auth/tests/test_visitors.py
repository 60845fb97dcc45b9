"""Whoever comes with whatever cookie: Django's variants and aiohttp's take them for the same."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core import signing

from apps.catalog import corpus
from apps.scenarios.session_auth import work
from apps.scenarios.session_auth.scenario import DELETED
from apps.scenarios.session_auth.signatures import SESSION_SALT, auth_hash
from benchmarks.stage import Stage, workload_environment
from conftest import Serve

CONTENDERS = ["sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp"]
KEY = workload_environment(None)["CROSSOVER_SECRET_KEY"]
BACKEND = "django.contrib.auth.backends.ModelBackend"
PASSWORD = "!none that anybody could type"
SOON = timedelta(hours=1)
USER = """
    INSERT INTO auth_user (username, password, is_superuser, is_active, is_staff, first_name, last_name, email,
                           date_joined)
    VALUES (%(username)s, %(password)s, %(is_superuser)s, %(is_active)s, false, '', '', '', now()) RETURNING id
"""
SESSION = "INSERT INTO django_session VALUES (%s, %s, %s)"
ANONYMOUS = (302, "/accounts/login/?next=/%3Forder%3D7", b"")

pytestmark = pytest.mark.slow


@pytest.fixture(params=CONTENDERS, scope="module")
def visited(request: pytest.FixtureRequest, serve: Serve) -> Iterator[tuple[int, str]]:
    """A port, and the path of the variant that answers there."""
    with serve("session_auth", request.param) as process:
        yield process.port, f"/session_auth/{request.param.partition('@')[0]}/?order=7"


@pytest.fixture
def database(stage: Stage) -> Iterator[psycopg.Connection]:
    """The workload's; what a test adds is removed again."""
    assert stage.database is not None
    schema = stage.database.environment()["CROSSOVER_SCHEMA"]
    with psycopg.connect(stage.database.url, options=f"-c search_path={schema}", autocommit=True) as connection:
        yield connection
        connection.execute("DELETE FROM django_session WHERE session_key LIKE 'visitor-%'")
        connection.execute("DELETE FROM auth_user WHERE username LIKE 'visitor-%'")


@contextmanager
def answer(visited: tuple[int, str], *cookies: str) -> Iterator[http.client.HTTPResponse]:
    port, target = visited
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", target, headers={"Cookie": "; ".join(cookies)} if cookies else {})
        yield connection.getresponse()
    finally:
        connection.close()


def taken_for(visited: tuple[int, str], *cookies: str) -> tuple[tuple[int, str | None, bytes], str | None]:
    """(status, where to, body) and what becomes of the cookie."""
    with answer(visited, *cookies) as response:
        assert response.headers["Vary"] == "Cookie"
        seen = (response.status, response.headers["Location"], response.read())
        return seen, response.headers["Set-Cookie"]


def session_data(user_id: Any, key: str = KEY, password: str = PASSWORD, **changes: Any) -> str:
    data = {
        "_auth_user_id": str(user_id),
        "_auth_user_backend": BACKEND,
        "_auth_user_hash": auth_hash(password, KEY),
        **changes,
    }
    kept = {name: value for name, value in data.items() if value is not None}
    return signing.dumps(kept, key=key, salt=SESSION_SALT, compress=True)


def add_user(database: psycopg.Connection, *, is_superuser: bool = False, is_active: bool = True) -> int:
    values = {"username": "visitor-1", "password": PASSWORD, "is_superuser": is_superuser, "is_active": is_active}
    return database.execute(USER, values).fetchone()[0]


def add_session(database: psycopg.Connection, data: str, expires_in: timedelta = SOON) -> str:
    """The cookie of a new session."""
    database.execute(SESSION, ["visitor-session", data, datetime.now(UTC) + expires_in])
    return "sessionid=visitor-session"


@pytest.mark.parametrize("number", [1, 10, 999])
def test_accounts_of_the_corpus_see_the_page_if_they_are_clerks(visited: Any, number: int) -> None:
    account = corpus.account(number)
    seen, cookie = taken_for(visited, f"sessionid={account.session_key}", "theme=dark")
    assert seen[0] == (200 if account.is_clerk else 403)
    assert account.username.encode() in seen[2] or work.PERMISSION.encode() in seen[2]
    assert cookie is None


def test_who_brings_no_cookie_keeps_none(visited: Any) -> None:
    assert taken_for(visited) == (ANONYMOUS, None)
    assert taken_for(visited, "theme=dark") == (ANONYMOUS, None)


@pytest.mark.parametrize("value", ["", "short", "a-key-that-is-not-known"])
def test_a_cookie_without_a_session_is_deleted(visited: Any, value: str) -> None:
    assert taken_for(visited, f"sessionid={value}") == (ANONYMOUS, DELETED)


def test_an_expired_session_is_none(visited: Any, database: psycopg.Connection) -> None:
    cookie = add_session(database, session_data(add_user(database, is_superuser=True)), -SOON)
    assert taken_for(visited, cookie) == (ANONYMOUS, DELETED)


def test_a_superuser_may_everything(visited: Any, database: psycopg.Connection) -> None:
    cookie = add_session(database, session_data(add_user(database, is_superuser=True)))
    assert taken_for(visited, cookie) == ((200, None, b'{"order": 7, "seen_by": "visitor-1"}'), None)


def test_who_has_no_permission_may_not(visited: Any, database: psycopg.Connection) -> None:
    cookie = add_session(database, session_data(add_user(database)))
    assert taken_for(visited, cookie)[0][0] == 403


def test_a_permission_of_ones_own_is_as_good_as_a_groups(visited: Any, database: psycopg.Connection) -> None:
    user = add_user(database)
    database.execute(
        "INSERT INTO auth_user_user_permissions (user_id, permission_id) "
        "SELECT %s, id FROM auth_permission WHERE codename = 'view_order'",
        [user],
    )
    cookie = add_session(database, session_data(user))
    try:
        assert taken_for(visited, cookie)[0][0] == 200
    finally:
        database.execute("DELETE FROM auth_user_user_permissions WHERE user_id = %s", [user])


@pytest.mark.parametrize("superuser", [True, False])
def test_who_was_deactivated_is_nobody(visited: Any, database: psycopg.Connection, superuser: bool) -> None:
    user = add_user(database, is_superuser=superuser, is_active=False)
    assert taken_for(visited, add_session(database, session_data(user))) == (ANONYMOUS, None)


def test_who_was_deleted_is_nobody(visited: Any, database: psycopg.Connection) -> None:
    assert taken_for(visited, add_session(database, session_data(2**31 - 1))) == (ANONYMOUS, None)


@pytest.mark.parametrize("changes", [{"_auth_user_backend": "another"}, {"_auth_user_backend": None}])
def test_another_backends_user_is_nobody(visited: Any, database: psycopg.Connection, changes: Any) -> None:
    user = add_user(database, is_superuser=True)
    assert taken_for(visited, add_session(database, session_data(user, **changes))) == (ANONYMOUS, None)


def test_a_session_without_a_user_is_nobodys(visited: Any, database: psycopg.Connection) -> None:
    assert taken_for(visited, add_session(database, session_data(1, _auth_user_id=None))) == (ANONYMOUS, None)


def test_data_signed_with_another_key_are_nobodys(visited: Any, database: psycopg.Connection) -> None:
    user = add_user(database, is_superuser=True)
    cookie = add_session(database, session_data(user, key="another key"))
    assert taken_for(visited, cookie) == (ANONYMOUS, None)
    database.execute("UPDATE django_session SET session_data = 'x' WHERE session_key LIKE 'visitor-%'")
    assert taken_for(visited, cookie) == (ANONYMOUS, None)


@pytest.mark.parametrize("kept", ["of another password", None])
def test_a_new_password_ends_the_session_and_removes_it(
    visited: Any, database: psycopg.Connection, kept: str | None
) -> None:
    user = add_user(database, is_superuser=True)
    cookie = add_session(database, session_data(user, _auth_user_hash=kept and auth_hash(kept, KEY)))
    assert taken_for(visited, cookie) == (ANONYMOUS, DELETED)
    rows = database.execute("SELECT FROM django_session WHERE session_key LIKE 'visitor-%'").fetchall()
    assert rows == []


def test_the_sibling_service_lets_nobody_in_without_a_key_to_check_with(serve: Serve) -> None:
    with serve("session_auth", "aiohttp@aiohttp", CROSSOVER_SECRET_KEY="") as process:
        cookie = f"sessionid={corpus.account(1).session_key}"
        with answer((process.port, "/session_auth/aiohttp/?order=7"), cookie) as response:
            assert response.status == 503
            assert b"CROSSOVER_SECRET_KEY" in response.read()
