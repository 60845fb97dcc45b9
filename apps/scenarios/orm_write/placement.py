"""The transaction, as every Django variant runs it: ``atomic`` has no async form, so it is a plain function."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.catalog.models import Order, OrderLine, Stock
from apps.scenarios.orm_write import work


def place(order: work.Order) -> tuple[int, dict[str, Any]]:
    """Place the order if all its books are there; returns the answer's status and body."""
    books = list(order.quantities)
    with transaction.atomic():
        # Locked in the order of their ids: two orders for the same books would wait for each other otherwise.
        rows = Stock.objects.select_for_update(of=("self",)).select_related("book").filter(pk__in=books).order_by("pk")
        stocks = {stock.pk: stock for stock in rows}
        if len(stocks) < len(books):
            return 404, work.NO_BOOK
        if lacking := work.lacking(order, {book: stock.available for book, stock in stocks.items()}):
            return 409, work.sold_out(lacking)
        prices = {book: stock.book.price_cents for book, stock in stocks.items()}
        for book, quantity in order.quantities.items():
            stocks[book].available -= quantity
        Stock.objects.bulk_update(stocks.values(), ["available"])
        placed = Order.objects.create(customer=order.customer)
        OrderLine.objects.bulk_create(
            OrderLine(order=placed, book_id=book, quantity=quantity, price_cents=prices[book])
            for book, quantity in order.quantities.items()
        )
    return 201, work.receipt(order, prices)
