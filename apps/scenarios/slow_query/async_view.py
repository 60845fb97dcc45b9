"""A slow query, async: it holds a database connection, and in Django a thread as well."""

from django.http import HttpRequest, JsonResponse

from apps.catalog.models import Book
from apps.catalog.postgresql_only import unless_postgresql
from apps.scenarios.slow_query import work
from apps.scenarios.slow_query.expressions import PgSleep


async def view(request: HttpRequest) -> JsonResponse:
    order = work.order(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    if refusal := unless_postgresql(work.FEATURE):
        return refusal
    number, wait_ms = order
    try:
        await Book.objects.filter(pk=number).values_list(PgSleep(wait_ms / 1000)).aget()
        book = await Book.objects.aget(pk=number)
    except Book.DoesNotExist:
        return JsonResponse(work.NO_BOOK, status=404)
    return JsonResponse(work.answer(book, wait_ms))
