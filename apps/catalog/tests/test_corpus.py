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
DIGESTS = {1: "b3d8c4c64fabebc0fcd27239c484509fac1602d97e2f73002c343159e14ff731"}


@pytest.fixture(scope="module")
def all_reviews() -> list[corpus.ReviewRow]:
    return [review for number in NUMBERS for review in corpus.reviews(number)]


def test_the_corpus_is_that_of_its_version(all_reviews: list[corpus.ReviewRow]) -> None:
    digest = sha256()
    authors = map(corpus.author, range(1, corpus.author_count(corpus.BOOKS) + 1))
    for row in chain(authors, map(corpus.book, NUMBERS), all_reviews, map(corpus.stock, NUMBERS)):
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
    assert corpus.stock(10_000) == corpus.StockRow(10_000, 184)


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
    corpus.book.cache_clear()
    corpus.reviews.cache_clear()
    assert reviews
    assert (corpus.book(17), corpus.reviews(17)) == (book, reviews)
    assert (corpus.stock(17), corpus.author(17)) == (stock, author)


def test_isbns_are_unique_and_thirteen_digits_long() -> None:
    isbns = {corpus.book(number).isbn for number in NUMBERS}
    assert len(isbns) == corpus.BOOKS
    assert all(len(isbn) == 13 and isbn.isdigit() for isbn in isbns)


def test_stars_are_one_to_five(all_reviews: list[corpus.ReviewRow]) -> None:
    assert {review.stars for review in all_reviews} == {1, 2, 3, 4, 5}


def test_some_book_has_two_reviews_of_one_day_so_that_the_second_sort_key_is_tried() -> None:
    assert any(
        len({review.created_on for review in corpus.reviews(number)}) < corpus.review_count(number)
        for number in NUMBERS
    )
