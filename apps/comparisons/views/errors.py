"""What visitors see when something is not as they asked: what it was, why, and how to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.scenarios.registry import scenarios

TITLES = {
    400: "That cannot be answered",
    403: "That is not allowed",
    405: "Not in this way",
    409: "Not as things are",
    429: "Too many at once",
}
PAGES = ("scenarios", "live", "runs")
LONGEST_PATH = 120
DJANGOS_WORDS = "matches the given query"  # of an Http404 that nobody here wrote

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Link:
    """Where to go on from."""

    href: str
    text: str


class NotThere(Http404):
    """A 404 whose message is for the visitor, with what there is instead."""

    def __init__(self, message: str, instead: Sequence[Link] = ()) -> None:
        super().__init__(message)
        self.instead = tuple(instead)


def bad_request(request: HttpRequest, reason: str, status: int = 400, back: str = "overview") -> HttpResponse:
    """A page that says why; ``back`` is the name, or the path, of the page to go on from."""
    context = {
        "title": TITLES.get(status, TITLES[400]),
        "reason": reason,
        "status": status,
        "back": back if back.startswith("/") else reverse(back),
    }
    return render(request, "comparisons/problem.html", context, status=status)


def only(*methods: str) -> Callable[[View], View]:
    """Like ``require_http_methods``, and to others the answer is a page: somebody may have typed the address."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in methods:
                return view(request, *args, **kwargs)
            reason = f"This address takes {' and '.join(methods)}, and this was {request.method}."
            response = bad_request(request, reason, HTTPStatus.METHOD_NOT_ALLOWED)
            response["Allow"] = ", ".join(methods)
            return response

        return checked

    return decorate


safe_only, post_only = only("GET", "HEAD"), only("POST")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The project's 404: the reason if one was given, and what was probably meant."""
    message = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    instead = getattr(exception, "instead", ())
    context = {
        "path": _shortened(request.path),
        "message": "" if DJANGOS_WORDS in message else message[:1].upper() + message[1:],
        "instead": instead or _near(request.path),
        "meant": not instead,
    }
    return render(request, "404.html", context, status=404)


def _shortened(path: str) -> str:
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def _near(path: str) -> list[Link]:
    """Pages whose names are like a word of the path."""
    words = [word.lower().replace("-", "_") for word in path[:LONGEST_PATH].split("/") if word]
    known = {name: Link(reverse("scenario", args=[name]), name) for name in scenarios()}
    known |= {name: Link(reverse(name), name) for name in PAGES}
    names = dict.fromkeys(name for word in words for name in get_close_matches(word, known, n=2, cutoff=0.7))
    guessed = [name for name in names if name not in words] or names  # what is right already was not meant
    return [known[name] for name in guessed]
