"""A page for those who may see it, async: four rows are looked up, each with a way to a thread and back."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.scenarios.session_auth import work


async def view(request: HttpRequest) -> HttpResponse:
    order = work.order_id(request.GET)
    if order is None:
        return JsonResponse(work.BAD_ORDER, status=400)
    user = await request.auser()
    if not user.is_authenticated:
        return redirect_to_login(work.after_login(order))
    if not await user.ahas_perm(work.PERMISSION):
        return JsonResponse(work.FORBIDDEN, status=403)
    return JsonResponse(work.page(order, user.get_username()))
