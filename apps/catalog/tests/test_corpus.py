"""The bookshop's data are functions of their ids, and stay what they are."""

from __future__ import annotations

from collections import Counter
from datetime import date
from hashlib import sha256
from itertools import chain

import pytest

from apps.catalog import corpus

NUMBERS = range(1, corpus.BOOKS + 1)
# Of every row. Whoever changes the corpus raises VERSION, so that databases are seeded again, and adds a line.
DIGESTS = {
    1: "b3d8c4c64fabebc0fcd27239c484509fac1602d97e2f73002c343159e14ff731",
    2: "72a7c6cd702065a97ad555281b848f44bbcd11e56c0d47fd6eaf4a5a61330a90",
}


@pytest.fixture(scope="module")
def all_reviews() -> list[corpus.ReviewRow]:
    return [review for number in NUMBERS for review in corpus.reviews(number)]


def test_the_corpus_is_that_of_its_version(all_reviews: list[corpus.ReviewRow]) -> None:
    digest = sha256()
    authors = map(corpus.author, range(1, corpus.author_count(corpus.BOOKS) + 1))
    tags = map(corpus.tag, range(1, len(corpus.TAGS) + 1))
    book_tags = chain.from_iterable(map(corpus.book_tags, NUMBERS))
    accounts = map(corpus.account, range(1, corpus.ACCOUNTS + 1))
    books, stocks = map(corpus.book, NUMBERS), map(corpus.stock, NUMBERS)
    for row in chain(authors, books, all_reviews, stocks, tags, book_tags, accounts):
        digest.update(repr(row).encode())
    assert digest.hexdigest() == DIGESTS[corpus.VERSION], "raise corpus.VERSION"


def test_some_rows_read_as_they_always_did() -> None:
    assert corpus.author(1) == corpus.AuthorRow(1, "Barbara Lund 1")
    assert corpus.book(10_000) == corpus.BookRow(
        *(10_000, 2_000, "The Hidden Harbour 10000", "9780000010000", 1330, date(2017, 11, 6))
    )
    assert corpus.reviews(10_000)[-1] == corpus.ReviewRow(
        *(50_000, 10_000, "samir", 2, "The second half is better than the first.", date(2024, 1, 12))
    )
    assert corpus.stock(9_999) == corpus.StockRow(9_999, available=1_000_187, delivered=1_000_187)
    assert corpus.book_tags(9_998) == (corpus.BookTagRow(29_992, 9_998, 3), corpus.BookTagRow(29_993, 9_998, 6))
    assert corpus.account(1) == corpus.AccountRow("reader-0001", "2a3571cfad766765964dadd0dbc68417", is_clerk=True)


def test_there_are_ten_thousand_books_and_fifty_thousand_reviews(all_reviews: list[corpus.ReviewRow]) -> None:
    assert corpus.BOOKS == 10_000
    assert len(all_reviews) == 50_000
    assert corpus.reviews_before(corpus.BOOKS + 1) == 50_000


def test_review_ids_have_no_gaps(all_reviews: list[corpus.ReviewRow]) -> None:
    assert [review.id for review in all_reviews] == list(range(1, 50_001))


def test_reviews_before_a_book_are_all_reviews_of_smaller_numbers() -> None:
    before = 0
    for number in range(1, 200):
        assert corpus.reviews_before(number) == before
        assert len(corpus.reviews(number)) == corpus.review_count(number)
        before += len(corpus.reviews(number))


@pytest.mark.parametrize("first", [1, 2, 7, 9_990])
def test_any_eleven_books_in_a_row_have_zero_to_ten_reviews(first: int) -> None:
    assert sorted(corpus.review_count(number) for number in range(first, first + 11)) == list(range(11))


def test_ids_are_the_numbers_asked_for() -> None:
    assert [corpus.book(number).id for number in NUMBERS] == list(NUMBERS)
    assert [corpus.author(number).id for number in (1, 2, 2_000)] == [1, 2, 2_000]
    assert {review.book_id for review in corpus.reviews(8)} == {8}


@pytest.mark.parametrize(("books", "authors"), [(1, 1), (5, 1), (6, 2), (200, 40), (10_000, 2_000)])
def test_an_author_has_at_most_five_books(books: int, authors: int) -> None:
    assert corpus.author_count(books) == authors
    owners = Counter(corpus.book(number).author_id for number in range(1, books + 1))
    assert set(owners) == set(range(1, authors + 1))
    assert max(owners.values()) <= 5


def test_rows_are_the_same_when_they_are_made_again() -> None:
    book, reviews, stock, author = corpus.book(17), corpus.reviews(17), corpus.stock(17), corpus.author(17)
    tags = corpus.tags(18)
    corpus.book.cache_clear()
    corpus.reviews.cache_clear()
    corpus.tags.cache_clear()
    assert reviews
    assert corpus.tags(18) == tags != ()
    assert (corpus.book(17), corpus.reviews(17)) == (book, reviews)
    assert (corpus.stock(17), corpus.author(17)) == (stock, author)


def test_isbns_are_unique_and_thirteen_digits_long() -> None:
    isbns = {corpus.book(number).isbn for number in NUMBERS}
    assert len(isbns) == corpus.BOOKS
    assert all(len(isbn) == 13 and isbn.isdigit() for isbn in isbns)


@pytest.mark.parametrize("first", [1, 2, 9_997])
def test_any_four_books_in_a_row_have_zero_to_three_tags(first: int) -> None:
    assert sorted(len(corpus.tags(number)) for number in range(first, first + 4)) == [0, 1, 2, 3]


def test_a_books_tags_are_different_and_in_the_order_of_their_ids_and_names() -> None:
    for number in NUMBERS:
        tags = corpus.tags(number)
        assert [tag.id for tag in tags] == sorted({tag.id for tag in tags})
        assert [tag.name for tag in tags] == sorted(tag.name for tag in tags)
    assert {tag.name for number in NUMBERS for tag in corpus.tags(number)} == set(corpus.TAGS)


def test_some_tags_need_escaping_in_html_and_mean_the_same_escaped_by_any_library() -> None:
    assert any("&" in name for name in corpus.TAGS)
    assert not set("'\"") & set("".join(corpus.TAGS)), "quotes are escaped in several ways"


def test_rows_between_books_and_tags_have_ids_of_their_own() -> None:
    rows = [row for number in NUMBERS for row in corpus.book_tags(number)]
    assert len({row.id for row in rows}) == len(rows) == corpus.tags_of_all(corpus.BOOKS) == 15_000


def test_one_book_in_fifty_is_sold_out_and_of_the_others_there_are_more_than_anybody_orders() -> None:
    stocks = [corpus.stock(number) for number in NUMBERS]
    assert [stock.book_id for stock in stocks if stock.available == 0] == list(range(50, 10_001, 50))
    assert all(stock.available == 0 or stock.available >= 1_000_000 for stock in stocks)
    assert all(stock.available == stock.delivered for stock in stocks), "nothing has been ordered yet"


def test_accounts_have_names_and_session_keys_of_their_own_that_django_takes() -> None:
    accounts = [corpus.account(number) for number in range(1, corpus.ACCOUNTS + 1)]
    keys = {account.session_key for account in accounts}
    assert len(keys) == len({account.username for account in accounts}) == corpus.ACCOUNTS == 1_000
    assert all(len(key) == 32 and key.isalnum() and key == key.lower() for key in keys)
    assert [account.username for account in accounts if not account.is_clerk][:2] == ["reader-0010", "reader-0020"]
    assert sum(account.is_clerk for account in accounts) == 900


def test_stars_are_one_to_five(all_reviews: list[corpus.ReviewRow]) -> None:
    assert {review.stars for review in all_reviews} == {1, 2, 3, 4, 5}


def test_some_book_has_two_reviews_of_one_day_so_that_the_second_sort_key_is_tried() -> None:
    assert any(
        len({review.created_on for review in corpus.reviews(number)}) < corpus.review_count(number)
        for number in NUMBERS
    )
