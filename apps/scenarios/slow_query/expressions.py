"""PostgreSQL's sleep for the ORM, so that the slow query is a query like any other, with its a-methods."""

from __future__ import annotations

from django.db.models import Func, TextField


class PgSleep(Func):
    """``pg_sleep(seconds)``, once for each row."""

    function = "pg_sleep"
    output_field = TextField()
