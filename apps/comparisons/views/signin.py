"""Signing in with a link that works once: for the operator of a showcase on his own machine, who has no password."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.comparisons.views.errors import bad_request, only, post_only
from apps.results.operators import signed_in_by

USED = (
    "This link was used already, or is older than ten minutes, or a newer one was used since. "
    "A new one: python manage.py signinlink"
)


@never_cache
@sensitive_post_parameters("token")
@only("GET", "HEAD", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """The link leads to a button, and the button signs in: whatever looks at links in advance uses nothing up.

    The page keeps the site's Referrer-Policy, ``same-origin``: with ``no-referrer`` a browser would send the form
    with ``Origin: null``, which is what a foreign page's looks like.
    """
    if request.method != "POST":
        return render(request, "comparisons/sign_in.html", {"token": request.GET.get("token", "")})
    user = signed_in_by(request.POST.get("token", ""))
    if user is None:
        return bad_request(request, USED, 403, "live")
    login(request, user)
    return redirect("live")


@post_only
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("overview")
