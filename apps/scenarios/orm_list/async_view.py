"""A page of books, async: the rows are awaited, the template is not."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.catalog.models import Book
from apps.scenarios.orm_list import work


async def view(request: HttpRequest) -> HttpResponse:
    number = work.page_number(request.GET)
    if number is None:
        return JsonResponse(work.BAD_PAGE, status=400)
    queryset = Book.objects.select_related("author").prefetch_related("tags").order_by("id")
    queryset = queryset.filter(id__gt=work.before(number))[: work.BOOKS_PER_PAGE]
    books = [book async for book in queryset]
    if not books:
        return JsonResponse(work.NO_PAGE, status=404)
    return render(request, "orm_list/page.html", {"number": number, "books": books})
