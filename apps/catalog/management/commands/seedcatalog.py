"""``manage.py seedcatalog``: fill the catalog with its corpus, and with accounts where the settings ask for them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from time import perf_counter
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apps.catalog import accounts, corpus
from apps.catalog.seed import seed


class Command(BaseCommand):
    help = "Fill the catalog with its deterministic corpus; does nothing when it is there already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--books", type=int, default=corpus.BOOKS, help="number of books (default: %(default)s)")
        parser.add_argument("--migrate", action="store_true", help="make the tables first")

    def handle(self, *args: Any, **options: Any) -> None:
        books: int = options["books"]
        if books < 1:
            raise CommandError("--books must be at least 1", returncode=2)
        if options["migrate"]:
            call_command("migrate", verbosity=0, interactive=False)
        self._report(f"{books:,} books and {corpus.reviews_before(books + 1):,} reviews", lambda: seed(books))
        if accounts.wanted():
            self._report(f"{corpus.ACCOUNTS:,} accounts", accounts.seed_accounts)

    def _report(self, what: str, seed_it: Callable[[], bool]) -> None:
        began_s = perf_counter()
        done = seed_it()
        self.stdout.write(f"{what}: {f'seeded in {perf_counter() - began_s:.1f} s' if done else 'already there'}")
