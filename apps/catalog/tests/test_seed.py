"""The seed brings the corpus into a database, once."""

from __future__ import annotations

import io
import re
from dataclasses import asdict

import pytest
from django.core.management import CommandError, call_command
from django.db import models

from apps.catalog import corpus
from apps.catalog.models import Author, Book, Order, OrderLine, Review, Seed, Stock, Tag
from apps.catalog.seed import BookTag, seed, seeded

BOOKS = 12
REVIEWS = corpus.reviews_before(BOOKS + 1)

pytestmark = pytest.mark.django_db


def counts() -> dict[str, int]:
    models_ = (Author, Book, Tag, BookTag, Review, Stock, Seed)
    return {model._meta.model_name: model._default_manager.count() for model in models_}


def expected_counts(books: int) -> dict[str, int]:
    return {
        "author": corpus.author_count(books),
        "book": books,
        "tag": len(corpus.TAGS),
        "book_tags": corpus.tags_of_all(books),
        "review": corpus.reviews_before(books + 1),
        "stock": books,
        "seed": 1,
    }


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("seedcatalog", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def catalog() -> None:
    seed(BOOKS)


def test_an_empty_database_is_seeded_with_every_row_of_the_corpus() -> None:
    assert not seeded(BOOKS)
    assert seed(BOOKS) is True
    assert seeded(BOOKS)
    numbers = range(1, BOOKS + 1)
    assert list(Author.objects.order_by("id").values()) == [asdict(corpus.author(number)) for number in (1, 2, 3)]
    assert list(Book.objects.order_by("id").values()) == [asdict(corpus.book(number)) for number in numbers]
    assert list(Stock.objects.order_by("pk").values()) == [asdict(corpus.stock(number)) for number in numbers]
    assert list(Review.objects.order_by("id").values()) == [
        asdict(review) for number in numbers for review in corpus.reviews(number)
    ]
    assert list(Tag.objects.values_list("name", flat=True)) == list(corpus.TAGS)
    assert list(BookTag.objects.order_by("id").values()) == [
        asdict(row) for number in numbers for row in corpus.book_tags(number)
    ]
    for book in Book.objects.all():
        assert list(book.tags.values_list("name", flat=True)) == [tag.name for tag in corpus.tags(book.pk)]
    assert list(Seed.objects.values_list("version", "books")) == [(corpus.VERSION, BOOKS)]


@pytest.mark.usefixtures("catalog")
def test_seeding_again_does_nothing() -> None:
    before = Seed.objects.get().pk
    Book.objects.filter(pk=1).update(title="touched")
    assert seed(BOOKS) is False
    assert Seed.objects.get().pk == before
    assert Book.objects.get(pk=1).title == "touched"


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("model", [Review, Stock, Book, Tag, BookTag, Seed])
def test_a_missing_row_is_seen_and_everything_seeded_again(model: type[models.Model]) -> None:
    row = model._default_manager.order_by("-pk").first()
    assert row is not None
    row.delete()
    assert not seeded(BOOKS)
    assert seed(BOOKS) is True
    assert counts() == expected_counts(BOOKS)
    assert seed(BOOKS) is False


@pytest.mark.usefixtures("catalog")
def test_a_surplus_row_is_seen() -> None:
    Review.objects.create(book_id=1, reader="me", stars=3, text="", created_on=corpus.FIRST_DAY)
    assert seed(BOOKS) is True
    assert counts() == expected_counts(BOOKS)


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("books", [1, BOOKS - 1, BOOKS + 1, 3 * BOOKS])
def test_another_size_is_seeded_anew(books: int) -> None:
    assert seed(books) is True
    assert counts() == expected_counts(books)
    assert not seeded(BOOKS)


@pytest.mark.usefixtures("catalog")
def test_a_catalog_that_says_another_size_is_seeded_anew() -> None:
    Seed.objects.update(books=BOOKS + 1)
    assert seed(BOOKS) is True
    assert Seed.objects.get().books == BOOKS


@pytest.mark.usefixtures("catalog")
def test_another_version_of_the_corpus_is_seeded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "VERSION", corpus.VERSION + 1)
    assert seed(BOOKS) is True
    assert Seed.objects.get().version == corpus.VERSION


@pytest.mark.usefixtures("catalog")
def test_orders_are_no_reason_to_seed_again() -> None:
    OrderLine.objects.create(order=Order.objects.create(customer="ada"), book_id=1, quantity=1, price_cents=1)
    assert seed(BOOKS) is False
    assert OrderLine.objects.count() == 1


@pytest.mark.usefixtures("catalog")
def test_orders_do_not_hinder_seeding_anew() -> None:
    OrderLine.objects.create(order=Order.objects.create(customer="ada"), book_id=1, quantity=1, price_cents=1)
    assert seed(BOOKS + 1) is True
    assert (Order.objects.count(), OrderLine.objects.count()) == (0, 0)


@pytest.mark.usefixtures("catalog")
def test_a_seed_that_fails_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(number: int) -> corpus.StockRow:
        raise RuntimeError("no stock")

    monkeypatch.setattr(corpus, "stock", broken)
    with pytest.raises(RuntimeError, match="no stock"):
        seed(BOOKS + 1)
    assert seeded(BOOKS)


def test_the_command_tells_what_it_did_and_that_nothing_was_left_to_do() -> None:
    assert re.fullmatch(rf"12 books and {REVIEWS} reviews: seeded in \d+\.\d s\n", command("--books", "12"))
    assert command("--books", "12") == f"12 books and {REVIEWS} reviews: already there\n"
    assert counts() == expected_counts(12)


@pytest.mark.parametrize("books", ["0", "-1"])
def test_the_command_refuses_fewer_than_one_book(books: str) -> None:
    with pytest.raises(CommandError, match=r"^--books must be at least 1$") as caught:
        command("--books", books)
    assert caught.value.returncode == 2
    assert not Seed.objects.exists()


def test_the_command_seeds_the_whole_corpus_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr("apps.catalog.management.commands.seedcatalog.seed", asked.append)
    assert command() == "10,000 books and 50,000 reviews: already there\n"
    assert asked == [10_000]
