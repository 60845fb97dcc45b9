"""Error pages: they help, they reflect nothing unescaped, and they give nothing away."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.views.decorators.csrf import csrf_protect

from apps.comparisons.views.errors import Link, NotThere, bad_request
from apps.results.models import Run

pytestmark = pytest.mark.django_db
LEAKS = ("Traceback", "settings", str(settings.BASE_DIR), "site-packages", ".py", "DATABASES", "secret words")


def raising(error: Exception) -> Any:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


handler404 = "apps.comparisons.views.errors.not_found"
urlpatterns = [
    path("broken/", raising(RuntimeError("secret words"))),
    path("forbidden/", raising(PermissionDenied("Only those who may <start> runs."))),
    path("forbidden-silently/", raising(PermissionDenied())),
    path("suspicious/", raising(SuspiciousOperation("secret words"))),
    path("absent/", raising(Http404("There is no <b>such</b> race."))),
    path("absent-helpfully/", raising(NotThere("No race.", [Link("/runs/", "the <runs>")]))),
    path("absent-object/", lambda request: get_object_or_404(Run, pk=-1)),  # type: ignore[arg-type, return-value]
    path("form/", csrf_protect(lambda request: HttpResponse("sent"))),  # type: ignore[arg-type]
    path("", include("project.urls")),
]


@pytest.fixture
def broken_urls(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    yield


@pytest.fixture
def visitor(broken_urls: None) -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def page(answer: Any, status: int) -> str:
    text: str = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert not [leak for leak in (*LEAKS, settings.SECRET_KEY) if leak in text]
    assert text.count("<h1>") == 1
    return text


@pytest.mark.parametrize(
    ("address", "suggested"),
    [
        ("/fanout/", "/scenarios/fan_out/"),
        ("/scenario/", "/scenarios/"),
        ("/run/", "/runs/"),
        ("/scenarios-/orm-raed/", "/scenarios/orm_read/"),
    ],
)
def test_an_unknown_address_leads_to_what_was_meant(client: Client, address: str, suggested: str) -> None:
    text = page(client.get(address), 404)
    assert f"<code>{address}</code>" in text
    assert "Did you mean" in text
    assert f'<li><a href="{suggested}">' in text
    for href in ("/", "/scenarios/", "/runs/"):
        assert f'href="{href}"' in text


def test_an_address_like_no_other_suggests_nothing(client: Client) -> None:
    assert "Did you mean" not in page(client.get("/zzzzzz/"), 404)


@pytest.mark.parametrize(
    "address", ["/<script>alert(1)</script>/", '/"onmouseover="x/', "/{{ 7|add:7 }}/", "/\x00\r\nX: y/"]
)
def test_an_address_is_shown_escaped(client: Client, address: str) -> None:
    text = page(client.get(quote(address)), 404)
    assert "<script>alert" not in text
    assert '"onmouseover=' not in text
    if "\x00" not in address:
        assert address in unescape(text)


def test_an_endless_address_is_cut(client: Client) -> None:
    assert len(page(client.get("/" + "x" * 5000), 404)) < 4000


def test_a_404_takes_no_query(client: Client) -> None:
    with CaptureQueriesContext(connection) as caught:
        client.get("/nothing/here/")
    assert len(caught) == 0


def test_a_message_of_ours_is_shown_escaped(visitor: Client) -> None:
    assert "There is no &lt;b&gt;such&lt;/b&gt; race." in page(visitor.get("/absent/"), 404)
    assert '<a href="/runs/">the &lt;runs&gt;</a>' in page(visitor.get("/absent-helpfully/"), 404)


def test_djangos_own_words_are_not(visitor: Client) -> None:
    text = page(visitor.get("/absent-object/"), 404)
    assert "matches the given query" not in text
    assert "No page has the address <code>/absent-object/</code>" in text


def test_an_error_says_where_it_is_told_and_nothing_else(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "django.request"), CaptureQueriesContext(connection) as caught:
        text = page(visitor.get("/broken/"), 500)
    assert "server’s log" in text
    assert "secret words" in caplog.text
    assert len(caught) == 0


def test_the_page_of_an_error_needs_nothing_that_could_be_broken() -> None:
    source = get_template("500.html").template.source  # type: ignore[attr-defined]
    assert "{%" not in source
    assert "{{" not in source


def test_what_is_forbidden_says_so(visitor: Client) -> None:
    assert "Only those who may &lt;start&gt; runs." in page(visitor.get("/forbidden/"), 403)
    assert "permission" in page(visitor.get("/forbidden-silently/"), 403)


@pytest.mark.parametrize(("method", "address"), [("get", "/live/start/"), ("post", "/runs/"), ("put", "/sign-in/")])
def test_another_method_is_answered_with_a_page(client: Client, method: str, address: str) -> None:
    answer = getattr(client, method)(address)
    text = page(answer, 405)
    assert f"this was {method.upper()}" in text
    assert method.upper() not in answer["Allow"] != ""


def test_a_form_without_its_token_says_to_reload(visitor: Client) -> None:
    assert "reload the page" in page(visitor.post("/form/"), 403)


def test_a_suspicious_request_is_a_400(visitor: Client) -> None:
    assert "not understood" in page(visitor.get("/suspicious/"), 400)


def test_a_foreign_host_is_a_400(client: Client) -> None:
    assert "evil" not in page(client.get("/", headers={"host": "evil.example"}), 400)


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (400, "That cannot be answered"),
        (403, "not allowed"),
        (409, "Not as things are"),
        (429, "Too many"),
        (418, "That"),
    ],
)
def test_a_reason_is_shown_escaped_with_a_way_on(rf: RequestFactory, status: int, title: str) -> None:
    answer = bad_request(rf.get("/"), "“<b>” is no <name>", status=status, back="live")
    text = page(answer, status)
    assert title in text
    assert "“&lt;b&gt;” is no &lt;name&gt;" in text
    assert 'href="/live/"' in text
    assert 'href="/runs/7/"' in page(bad_request(rf.get("/"), "x", back="/runs/7/"), 400)
