"""Ten milliseconds of Python, sync."""

from django.http import HttpRequest, JsonResponse

from apps.scenarios.cpu_bound import work


def view(request: HttpRequest) -> JsonResponse:
    seed = work.seed(request.GET)
    if seed is None:
        return JsonResponse(work.BAD_SEED, status=400)
    value = work.compute(seed)
    return JsonResponse(work.answer(seed, value))
