"""The card of ``session_auth``."""

from __future__ import annotations

import json
import random

from apps.catalog import corpus
from apps.scenarios.contract import Exchange, Expectation, Scenario, Settings, Variant
from apps.scenarios.session_auth import work

NO_SESSION_SHARE = 0.02
DELETED = 'sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax'
VARY = ("Vary", "Cookie")
LOOKED_UP = 4  # session, user, the user's permissions, the groups'


def exchange(dice: random.Random, settings: Settings) -> Exchange:
    """A random user's request; two in a hundred have no session, half of them with a cookie that once had one."""
    order = dice.randrange(1, 1_000_000)
    if dice.random() >= NO_SESSION_SHARE:
        account = corpus.account(dice.randrange(1, corpus.ACCOUNTS + 1))
        return Exchange(f"order={order}", headers=cookie(account.session_key), expectation=answer(order, account))
    if dice.random() < 0.5:
        return Exchange(f"order={order}", expectation=login_page(order))
    stranger = cookie(f"{dice.getrandbits(128):032x}")
    expectation = login_page(order, ("Set-Cookie", DELETED), statements=1)
    return Exchange(f"order={order}", headers=stranger, expectation=expectation)


def cookie(session_key: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={session_key}"}


def answer(order: int, account: corpus.AccountRow) -> Expectation:
    """The right answer to somebody who is logged in, from the corpus and not from any database."""
    status, body = (200, work.page(order, account.username)) if account.is_clerk else (403, work.FORBIDDEN)
    return Expectation(status=status, body=json.dumps(body).encode(), statements=LOOKED_UP, headers=(VARY,))


def login_page(order: int, *headers: tuple[str, str], statements: int = 0) -> Expectation:
    """The redirect of somebody who is not."""
    location = ("Location", f"/accounts/login/?next=/%3Forder%3D{order}")
    headers = (location, VARY, *headers)
    return Expectation(status=302, body=b"", media_type="text/html", statements=statements, headers=headers)


SCENARIO = Scenario(
    name="session_auth",
    title="A page for those who are logged in",
    question="Session, user, permissions: do Django's contrib apps have an async interface, and what is it worth?",
    claims=("C10", "C11"),
    look_for=(
        "The interface is there: auser() and ahas_perm() look up what user and has_perm() do, in the same four "
        "queries, and nothing had to be rewritten by hand. Inside, each of the four goes to a thread and back, which "
        "the wrapped variant does once for all. aiohttp has no such apps: its view reads Django's tables, and checks "
        "Django's signatures, in a hundred lines of its own."
    ),
    variants=(
        Variant("sync", "request.user and has_perm"),
        Variant("async", "request.auser and ahas_perm, each query of which uses a thread", hops=4),
        Variant("wrapped", "the sync view behind one sync_to_async", hops=1),
        Variant("aiohttp", "the same SQL on psycopg's async pool, signatures checked by hand", needs_postgresql=True),
    ),
    exchange=exchange,
    example="order=1",
    malformed=(
        "",
        "order=",
        "order=x",
        "order=-1",
        "order=0",
        "order=1e3",
        "order=1&order=2",
        "order=99999999999999999999",
        "order=%C2%B2",
    ),
    needs=frozenset({"database"}),
    needs_middleware=True,
)
