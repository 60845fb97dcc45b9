"""Signatures are read without Django exactly as Django reads them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from hypothesis import given
from hypothesis import strategies as some
from pytest_django import Settings

from apps.scenarios.session_auth.signatures import auth_hash, session_of

KEY = "a key for tests"
texts = some.text(max_size=30)
sessions = some.dictionaries(texts, some.one_of(texts, some.integers(), some.booleans(), some.none()), max_size=6)


@pytest.fixture(autouse=True)
def key_in_force(settings: Settings) -> None:
    settings.SECRET_KEY = KEY


def sign(session: object, key: str = KEY, compress: bool = True) -> str:
    return signing.dumps(session, key=key, salt=SessionStore().key_salt, compress=compress)


@given(session=sessions, compress=some.booleans(), key=some.text(min_size=1, max_size=80))
def test_what_django_signed_is_read(session: dict[str, object], compress: bool, key: str) -> None:
    assert session_of(sign(session, key, compress), key) == session


def test_long_data_are_compressed_and_read() -> None:
    session = {"words": "the same word " * 50}
    assert (data := SessionStore().encode(session)).startswith(".")
    assert session_of(data, KEY) == SessionStore().decode(data) == session


def test_another_keys_signature_is_worth_nothing() -> None:
    assert session_of(sign({"_auth_user_id": "1"}, "another key"), KEY) == {}


@given(place=some.integers(min_value=0), letter=some.sampled_from("AZaz09-_.:"))
def test_nobody_can_change_a_letter(place: int, letter: str) -> None:
    data = sign({"_auth_user_id": "1"})
    place %= len(data)
    changed = data[:place] + letter + data[place + 1 :]
    assert session_of(changed, KEY) == ({"_auth_user_id": "1"} if changed == data else {})


@given(data=some.text(max_size=80))
def test_whatever_stands_in_the_column_is_read_as_django_reads_it(data: str) -> None:
    assert session_of(data, KEY) == {}


@pytest.mark.parametrize("value", ["", ".", "x", ".x", "eyJ", ".eyJhIjoxfQ", "MQ", "W10"])
def test_genuine_signatures_under_what_is_no_session_are_no_error(value: str) -> None:
    data = signing.TimestampSigner(key=KEY, salt=SessionStore().key_salt).sign(value)
    assert session_of(data, KEY) == {}


@given(password=some.text(max_size=128))
def test_a_password_leaves_the_same_hash(password: str) -> None:
    assert auth_hash(password, KEY) == User(password=password).get_session_auth_hash()
