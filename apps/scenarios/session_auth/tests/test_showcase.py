"""In the showcase nobody is logged in but who has logged in there; and what a card draws."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.catalog import corpus
from apps.scenarios.session_auth.scenario import SCENARIO

django = pytest.mark.parametrize("variant", ["sync", "async", "wrapped"])


@django
@pytest.mark.django_db
def test_the_keys_of_the_corpus_open_nothing_there(variant: str) -> None:
    client = Client()
    client.cookies["sessionid"] = corpus.account(1).session_key
    response = client.get(f"/session_auth/{variant}/?order=5")
    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/%3Forder%3D5"


@django
@pytest.mark.django_db
def test_who_has_logged_in_sees_the_page(variant: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    response = client.get(f"/session_auth/{variant}/?order=5")
    assert (response.status_code, response.json()) == (200, {"order": 5, "seen_by": "ada"})


def test_two_requests_in_a_hundred_come_without_a_session_half_of_them_with_a_cookie() -> None:
    drawn = [exchange for number in range(20) for exchange in SCENARIO.draw(number)]
    strangers = [exchange for exchange in drawn if exchange.expectation.status == 302]
    assert len(strangers) / len(drawn) == pytest.approx(0.02, abs=0.004)
    with_cookie = [exchange for exchange in strangers if exchange.headers]
    assert len(with_cookie) / len(strangers) == pytest.approx(0.5, abs=0.1)
    assert all(exchange.expectation.statements == bool(exchange.headers) for exchange in strangers)


def test_one_account_in_ten_may_not_see_the_page() -> None:
    drawn = SCENARIO.draw(1)
    refused = [exchange for exchange in drawn if exchange.expectation.status == 403]
    assert len(refused) / len(drawn) == pytest.approx(0.1, abs=0.03)


def test_keys_that_are_drawn_for_strangers_belong_to_nobody() -> None:
    keys = {corpus.account(number).session_key for number in range(1, corpus.ACCOUNTS + 1)}
    strangers = [one for one in SCENARIO.draw(1) if one.expectation.status == 302 and one.headers]
    assert strangers
    assert not keys & {one.headers["Cookie"].removeprefix("sessionid=") for one in strangers}
