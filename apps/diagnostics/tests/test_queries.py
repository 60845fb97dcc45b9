"""Queries of a recorded request: what and when, and nothing of their values."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection

from apps.diagnostics.hops import recording
from apps.diagnostics.queries import record_query, summary, watch_this_thread


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "catalog_book"."id" FROM "catalog_book" WHERE id = 7', "SELECT catalog_book"),
        ("insert into `orders` (name) values ('FROM secret')", "INSERT orders"),
        ('UPDATE "catalog_book" SET stock = 3', "UPDATE catalog_book"),
        ("DELETE FROM public.orders", "DELETE public.orders"),
        ("SAVEPOINT s1", "SAVEPOINT"),
        ("", "SQL"),
        (object(), "object"),
    ],
)
def test_a_statement_is_its_first_word_and_its_table(sql: object, expected: str):
    assert summary(sql) == expected


@pytest.mark.django_db
def test_queries_are_recorded_while_a_trace_is_on_and_only_then():
    list(User.objects.filter(pk=1))
    with recording() as trace:
        watch_this_thread()
        watch_this_thread()
        list(User.objects.filter(username="what nobody may read"))
    list(User.objects.filter(pk=2))
    (query,) = trace.queries
    assert query.what == "SELECT auth_user"
    assert query.started_s <= query.ended_s
    assert "nobody" not in str(trace.told(0.0))
    assert connection.execute_wrappers.count(record_query) == 1


@pytest.mark.django_db
def test_wrappers_of_others_are_taken_away_by_themselves():
    def others(execute, sql, params, many, context):
        return execute(sql, params, many, context)

    with recording():
        connection.execute_wrappers[:] = [one for one in connection.execute_wrappers if one is not record_query]
        with connection.execute_wrapper(others):
            watch_this_thread()
    assert record_query in connection.execute_wrappers
    assert others not in connection.execute_wrappers
