"""The bookshop: authors, books and their tags, reviews, stock, orders."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    title = models.CharField(max_length=200)
    isbn = models.CharField(max_length=13, unique=True)
    price_cents = models.PositiveIntegerField()
    published_on = models.DateField()
    tags = models.ManyToManyField(Tag, related_name="books")

    def __str__(self) -> str:
        return self.title

    @property
    def price(self) -> str:
        """For people: "12.05"."""
        return f"{self.price_cents // 100}.{self.price_cents % 100:02}"


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    reader = models.CharField(max_length=50)
    stars = models.PositiveSmallIntegerField()
    text = models.TextField()
    created_on = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(stars__gte=1, stars__lte=5), name="review_stars_1_to_5")
        ]

    def __str__(self) -> str:
        return f"{self.stars} stars by {self.reader}"


class Stock(models.Model):
    """How many copies of a book can be sold; PostgreSQL and SQLite refuse to go below zero."""

    book = models.OneToOneField(Book, on_delete=models.CASCADE, primary_key=True, related_name="stock")
    available = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()  # ever, to the shop: what is available and what was ordered add up to it

    def __str__(self) -> str:
        return f"{self.available} available"


class Order(models.Model):
    customer = models.CharField(max_length=50)
    placed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"order {self.pk} of {self.customer}"


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    price_cents = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.quantity} × {self.book_id}"


class Seed(models.Model):
    """What the catalog was seeded with: one row, so that seeding again can tell that nothing is to be done."""

    version = models.PositiveIntegerField()
    books = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"version {self.version}, {self.books} books"
