"""Two template engines and the card write the same HTML, whatever has to be escaped in it."""

from __future__ import annotations

import re
from collections import defaultdict
from html import unescape
from types import SimpleNamespace

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.catalog import corpus
from apps.catalog.models import Author, Book, Tag
from apps.catalog.seed import seed
from apps.scenarios.orm_list import work
from apps.scenarios.orm_list.scenario import PAGES, SCENARIO, page

HOSTILE = "<script>alert(1)</script> & more"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"

django = pytest.mark.parametrize("variant", ["sync", "async", "wrapped"])


@pytest.fixture
def two_pages(db: None) -> None:
    seed(2 * work.BOOKS_PER_PAGE)


def jinja(number: int, books: list[SimpleNamespace], tags: dict[int, list[SimpleNamespace]]) -> bytes:
    from apps.scenarios.orm_list.aiohttp_view import TEMPLATE

    return TEMPLATE.render(number=number, books=books, tags=tags).encode()


@django
@pytest.mark.usefixtures("two_pages")
def test_django_renders_what_the_card_expects_in_two_queries(
    variant: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (1, 2):
        with django_assert_num_queries(2):
            response = Client().get(f"/orm_list/{variant}/?page={number}")
        assert response.content == page(number)
        assert response["Content-Type"] == "text/html; charset=utf-8"


@django
@pytest.mark.usefixtures("two_pages")
def test_beyond_the_last_page_is_nothing(variant: str) -> None:
    response = Client().get(f"/orm_list/{variant}/?page=3")
    assert (response.status_code, response.json()) == (404, work.NO_PAGE)


def test_jinja2_renders_what_the_card_expects() -> None:
    numbers = range(51, 101)
    rows = [corpus.book(number) for number in numbers]
    books = [
        SimpleNamespace(
            id=row.id, title=row.title, price_cents=row.price_cents, author=corpus.author(row.author_id).name
        )
        for row in rows
    ]
    tags = {number: [SimpleNamespace(name=tag.name) for tag in corpus.tags(number)] for number in numbers}
    assert jinja(2, books, tags) == page(2)


@django
@pytest.mark.usefixtures("two_pages")
def test_django_escapes_what_is_not_html(variant: str) -> None:
    Author.objects.filter(pk=1).update(name=HOSTILE)
    Book.objects.filter(pk=1).update(title=HOSTILE)
    Tag.objects.filter(pk__gt=0, name="R&D").update(name=HOSTILE)
    text = Client().get(f"/orm_list/{variant}/?page=1").content.decode()
    assert HOSTILE not in text
    assert f"<cite>{ESCAPED}</cite> by {ESCAPED}" in text
    assert f"<span>{ESCAPED}</span>" in text


def test_jinja2_escapes_what_is_not_html() -> None:
    tags = defaultdict(list, {1: [SimpleNamespace(name=HOSTILE)]})
    text = jinja(1, [SimpleNamespace(id=1, title=HOSTILE, price_cents=5, author=HOSTILE)], tags).decode()
    assert HOSTILE not in text
    assert f"<cite>{ESCAPED}</cite> by {ESCAPED}, 0.05 € <span>{ESCAPED}</span>" in text


def test_a_page_has_fifty_books_with_their_tags_as_written() -> None:
    html, numbers = page(PAGES).decode(), range(9_951, 10_001)
    assert re.findall("<cite>(.*?)</cite>", html) == [corpus.book(number).title for number in numbers]
    names = [tag.name for number in numbers for tag in corpus.tags(number)]
    assert [unescape(name) for name in re.findall("<span>(.*?)</span>", html)] == names
    assert "&" not in html.replace("&amp;", "")


def test_one_page_in_a_hundred_is_beyond_the_end() -> None:
    drawn = [exchange for seed_number in range(10) for exchange in SCENARIO.draw(seed_number)]
    missing = [exchange for exchange in drawn if exchange.expectation.status == 404]
    assert len(missing) / len(drawn) == pytest.approx(0.01, abs=0.004)
    assert all(int(exchange.query.removeprefix("page=")) > PAGES for exchange in missing)
    assert PAGES == 200
