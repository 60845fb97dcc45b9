"""The bookshop's data as pure functions of their ids: the seed loads them, scenario cards know the right answers.

No Django and no database in here, so that an expected answer does not come from the code it is to check.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256

VERSION = 2  # a database seeded with another version is seeded again
BOOKS = 10_000
REVIEWS_PER_BOOK = 5  # on average
SMALL_BOOKS = 200  # the showcase's own catalog, for browsing
BOOKS_PER_AUTHOR = 5
MOST_TAGS = 3  # of one book
SOLD_OUT_EVERY = 50  # one book in so many has no stock, for ever
PLENTY = 1_000_000  # copies of every other book, more than any run can sell
ACCOUNTS = 1_000
NO_CLERK_EVERY = 10  # one account in so many may not view orders
FIRST_DAY = date(2015, 1, 1)

FIRST_NAMES = ("Ada", "Alan", "Barbara", "Donald", "Edsger", "Frances", "Grace", "Hedy", "Ken", "Margaret", "Radia")
LAST_NAMES = ("Abel", "Berg", "Castor", "Dahl", "Eisner", "Fonda", "Garnier", "Holm", "Ito", "Juarez", "Kranz", "Lund")
ADJECTIVES = ("Quiet", "Hidden", "Patient", "Restless", "Blocking", "Eventual", "Lazy", "Green", "Brief", "Endless")
NOUNS = ("Loop", "Thread", "Queue", "River", "Garden", "Signal", "Harbour", "Promise", "Ledger", "Lighthouse")
PHRASES = (
    "I could not put it down.",
    "The second half is better than the first.",
    "A book one waits for without noticing the time.",
    "Too long by a third, and still worth it.",
    "My reading group argued about it for weeks.",
    "Precise, calm, and a little strange.",
)
TAGS = (  # by name, so that whoever orders by id has them in this order too; some need escaping in HTML
    "Adventure",
    "Art & Design",
    "Biography",
    "Code & Craft",
    "Crime",
    "Food & Drink",
    "History",
    "Poetry",
    "R&D",
    "Science & Nature",
    "Travel",
)
READERS = ("ines", "jonas", "kemal", "li", "mara", "nils", "oona", "piet", "quentin", "rosa", "samir", "tove")


@dataclass(frozen=True)
class AuthorRow:
    id: int
    name: str


@dataclass(frozen=True)
class BookRow:
    id: int
    author_id: int
    title: str
    isbn: str
    price_cents: int
    published_on: date


@dataclass(frozen=True)
class TagRow:
    id: int
    name: str


@dataclass(frozen=True)
class BookTagRow:
    id: int
    book_id: int
    tag_id: int


@dataclass(frozen=True)
class ReviewRow:
    id: int
    book_id: int
    reader: str
    stars: int
    text: str
    created_on: date


@dataclass(frozen=True)
class StockRow:
    book_id: int
    available: int
    delivered: int


@dataclass(frozen=True)
class AccountRow:
    username: str
    session_key: str
    is_clerk: bool


def author_count(books: int) -> int:
    return -(-books // BOOKS_PER_AUTHOR)


def author(number: int) -> AuthorRow:
    dice = random.Random(f"author/{number}")
    return AuthorRow(number, f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)} {number}")


@lru_cache(maxsize=4096)
def book(number: int) -> BookRow:
    dice = random.Random(f"book/{number}")
    return BookRow(
        id=number,
        author_id=(number - 1) // BOOKS_PER_AUTHOR + 1,
        title=f"The {dice.choice(ADJECTIVES)} {dice.choice(NOUNS)} {number}",
        isbn=f"978{number:010d}",
        price_cents=dice.randrange(500, 5000),
        published_on=FIRST_DAY + timedelta(days=dice.randrange(3000)),
    )


def tag(number: int) -> TagRow:
    return TagRow(number, TAGS[number - 1])


def tag_count(book_number: int) -> int:
    """0 to 3 in turn over any four books."""
    return book_number % (MOST_TAGS + 1)


def tags_of_all(books: int) -> int:
    return sum(map(tag_count, range(1, books + 1)))


@lru_cache(maxsize=4096)
def tags(book_number: int) -> tuple[TagRow, ...]:
    """A book's tags in the order of their ids."""
    dice = random.Random(f"tags/{book_number}")
    return tuple(tag(number) for number in sorted(dice.sample(range(1, len(TAGS) + 1), tag_count(book_number))))


def book_tags(book_number: int) -> tuple[BookTagRow, ...]:
    """The rows between a book and its tags."""
    first = (book_number - 1) * MOST_TAGS + 1
    return tuple(BookTagRow(first + index, book_number, tag.id) for index, tag in enumerate(tags(book_number)))


def review_count(book_number: int) -> int:
    """0 to 10 in turn over any eleven books: five on average, and 50,000 in all for 10,000 books."""
    return (book_number * 7 + 9) % (2 * REVIEWS_PER_BOOK + 1)


def reviews_before(book_number: int) -> int:
    """Reviews of all books with smaller numbers: ids are gapless, and a book's own follow from its number."""
    cycle = 2 * REVIEWS_PER_BOOK + 1
    whole, rest = divmod(book_number - 1, cycle)
    return whole * sum(range(cycle)) + sum(review_count(number) for number in range(1, rest + 1))


@lru_cache(maxsize=4096)
def reviews(book_number: int) -> tuple[ReviewRow, ...]:
    """A book's reviews in the order of their ids; days may repeat, so that the order needs its second key."""
    dice = random.Random(f"reviews/{book_number}")
    first = reviews_before(book_number) + 1
    return tuple(
        ReviewRow(
            id=first + index,
            book_id=book_number,
            reader=dice.choice(READERS),
            stars=dice.randrange(1, 6),
            text=" ".join(dice.sample(PHRASES, dice.randrange(1, 4))),
            created_on=FIRST_DAY + timedelta(days=3000 + dice.randrange(400)),
        )
        for index in range(review_count(book_number))
    )


def stock(book_number: int) -> StockRow:
    """Copies for sale, all that were ever delivered as long as nobody has ordered."""
    copies = 0 if book_number % SOLD_OUT_EVERY == 0 else PLENTY + random.Random(f"stock/{book_number}").randrange(500)
    return StockRow(book_number, available=copies, delivered=copies)


def account(number: int) -> AccountRow:
    """A user who is logged in; anybody can work out the session key, so none of it is for a database people use."""
    key = sha256(f"session/{number}".encode()).hexdigest()[:32]
    return AccountRow(f"reader-{number:04}", session_key=key, is_clerk=number % NO_CLERK_EVERY != 0)
