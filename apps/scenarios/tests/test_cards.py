"""Every card keeps its promises."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from apps.catalog import corpus
from apps.scenarios import registry
from apps.scenarios.contract import DJANGO, STANDARD_VARIANTS, Scenario, Variant
from apps.scenarios.fan_out import scenario as fan_out
from apps.scenarios.orm_read import scenario as orm_read
from apps.scenarios.registry import scenarios
from benchmarks.plan import Contender
from benchmarks.servers import load_servers
from benchmarks.servers.base import Interface

CLAIMS = [f"C{number}" for number in range(1, 13)]  # of the essay
every_card = pytest.mark.parametrize("card", scenarios().values(), ids=list(scenarios()))


def test_the_first_scenarios_are_found_in_alphabetical_order() -> None:
    assert {"fan_out", "orm_read", "plaintext"} <= set(scenarios())
    assert list(scenarios()) == sorted(scenarios())


def test_a_card_that_is_not_called_as_its_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plaintext"  # where an import finds the true card
    folder.mkdir()
    (folder / "scenario.py").touch()
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    monkeypatch.setattr("apps.scenarios.plaintext.scenario.SCENARIO", replace(scenarios()["plaintext"], name="other"))
    with pytest.raises(ValueError, match="names its scenario 'other'; its folder says 'plaintext'"):
        registry.scenario.__wrapped__("plaintext")


@every_card
def test_a_card_tells_its_question_and_what_to_look_for(card: Scenario) -> None:
    assert all(text.strip() for text in (card.title, card.question, card.look_for))
    assert card.question.endswith("?")


@every_card
def test_a_card_names_claims_of_the_essay_each_once(card: Scenario) -> None:
    assert card.claims
    assert set(card.claims) <= set(CLAIMS)
    assert len(set(card.claims)) == len(card.claims)


@every_card
def test_a_card_declares_the_four_standard_variants_in_words_or_with_a_reason(card: Scenario) -> None:
    names = [variant.name for variant in card.variants]
    assert set(STANDARD_VARIANTS) <= set(names)
    assert len(set(names)) == len(names)
    assert all(variant.summary or variant.not_applicable for variant in card.variants)


@every_card
def test_a_cards_baseline_is_one_of_its_contenders(card: Scenario) -> None:
    baseline = Contender.parse(card.baseline)
    variant = card.variant(baseline.variant)
    assert variant in card.applicable
    assert load_servers()[baseline.server].interface in variant.interfaces


@every_card
def test_equal_seeds_draw_equal_requests(card: Scenario) -> None:
    assert card.draw(7) == card.draw(7)
    assert len(card.draw(7)) == card.exchanges


@every_card
def test_a_sweep_asks_the_same_questions_whatever_the_wait(card: Scenario) -> None:
    usual, swept = ([one.query.partition("&wait=")[0] for one in card.draw(7, told)] for told in ({}, {"wait": 1.0}))
    assert usual == swept


@every_card
def test_other_seeds_draw_other_requests_where_there_are_several(card: Scenario) -> None:
    assert card.exchanges == 1 or card.draw(7) != card.draw(8)


@every_card
def test_what_a_card_expects_can_be_parsed(card: Scenario) -> None:
    for exchange in card.draw(1):
        expected = exchange.expectation
        if expected.body is not None and expected.media_type == "application/json":
            assert json.loads(expected.body)
        assert expected.media_type
        assert 200 <= expected.status < 600


@every_card
def test_requests_can_be_sent(card: Scenario) -> None:
    for exchange in card.draw(1):
        head = exchange.encode("/here/", "localhost").partition(b"\r\n")[0]
        assert head.count(b" ") == 2, "a target with blanks would be cut"


@every_card
def test_no_variant_waits_less_than_no_time(card: Scenario) -> None:
    """And who waits is a variant of a scenario that does."""
    assert all(variant.waits >= 0 for variant in card.variants)
    assert 0 <= card.wait_ms <= card.longest_wait_ms
    assert any(variant.waits for variant in card.variants) == bool(card.wait_ms)


def test_one_book_in_a_hundred_is_missing_in_orm_read() -> None:
    dice = random.Random(1)
    drawn = [orm_read.exchange(dice, 0.0) for _ in range(20_000)]
    missing = [exchange for exchange in drawn if exchange.expectation.status == 404]
    assert len(missing) / len(drawn) == pytest.approx(0.01, abs=0.002)
    for exchange in missing:
        assert int(exchange.query.removeprefix("book=")) > corpus.BOOKS
        assert exchange.expectation.body == b'{"error": "there is no such book"}'
        assert exchange.expectation.statements == 1


def test_found_books_are_spread_over_the_catalog_in_orm_read() -> None:
    drawn = scenarios()["orm_read"].draw(1)
    found = [exchange for exchange in drawn if exchange.expectation.status == 200]
    numbers = [int(exchange.query.removeprefix("book=")) for exchange in found]
    assert 1 <= min(numbers) < 500
    assert corpus.BOOKS - 500 < max(numbers) <= corpus.BOOKS
    assert {exchange.expectation.statements for exchange in found} == {3}


def test_a_page_shows_the_five_latest_of_all_reviews_and_the_mean_of_all_stars() -> None:
    page, reviews = orm_read.page(8), corpus.reviews(8)
    assert len(reviews) == 10
    newest_first = sorted(reviews, key=lambda review: (review.created_on, review.id))[::-1]
    assert [entry["text"] for entry in page["reviews"]] == [review.text for review in newest_first[:5]]
    assert page["rating"] == round(sum(review.stars for review in reviews) / 10, 2)
    assert (page["id"], page["author"]) == (8, corpus.author(2).name)


def test_a_book_without_reviews_has_no_rating() -> None:
    assert corpus.reviews(5) == ()
    assert (orm_read.page(5)["rating"], orm_read.page(5)["reviews"]) == (None, [])


def test_every_answer_of_fan_out_has_ten_legs_without_an_error() -> None:
    for exchange in scenarios()["fan_out"].draw(1):
        body = json.loads(exchange.expectation.body or b"")
        assert exchange.query == f"book={body['book']}"
        assert len({leg["service"] for leg in body["legs"]}) == exchange.expectation.upstream_calls == 10
        assert all(set(leg) == {"service", "value"} for leg in body["legs"])


def test_ten_calls_one_after_another_wait_ten_times_as_long_as_all_at_once() -> None:
    waits = {variant.name: variant.waits for variant in fan_out.SCENARIO.variants}
    assert waits == {"sync": 10, "async": 1, "wrapped": 1, "aiohttp": 1, "async-aiohttp": 1}
    assert fan_out.SCENARIO.wait_ms == 20.0


def test_plaintext_draws_one_request_only() -> None:
    (exchange,) = scenarios()["plaintext"].draw(1)
    assert exchange.expectation.body == b"Hello, world!"
    assert exchange.expectation.media_type == "text/plain"


@pytest.mark.parametrize(
    ("name", "interfaces"),
    [("sync", DJANGO), ("async", {Interface.ASGI}), ("wrapped", {Interface.ASGI}), ("aiohttp", {Interface.AIOHTTP})],
)
def test_a_standard_variant_knows_its_interfaces(name: str, interfaces: set[Interface]) -> None:
    assert Variant(name).interfaces == interfaces


def test_a_further_variant_says_which_interfaces_it_fits_or_has_djangos() -> None:
    assert Variant("async-stream", interfaces=frozenset({Interface.ASGI})).interfaces == {Interface.ASGI}
    assert Variant("sync-stream").interfaces == DJANGO
    assert Variant("sync-stream").module == "sync_stream_view"
