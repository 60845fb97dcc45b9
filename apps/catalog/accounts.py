"""Users who are logged in, for the servers under load: their session keys are no secret, so nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connections, transaction

from apps.catalog import corpus

BACKEND = "django.contrib.auth.backends.ModelBackend"
CLERKS = "clerks"
EXPIRY = datetime(2100, 1, 1, tzinfo=UTC)


def wanted() -> bool:
    """Whether the settings ask for accounts: those of the servers under load do, the showcase's must not."""
    return bool(getattr(settings, "DISPOSABLE_DATABASE", False))


def seed_accounts(using: str = "default") -> bool:
    """Seed the accounts where the settings ask for them; returns whether anything had to be done."""
    accounts = [corpus.account(number) for number in range(1, corpus.ACCOUNTS + 1)]
    if not wanted() or _seeded(accounts, using):
        return False
    with transaction.atomic(using=using):
        Session.objects.using(using).filter(session_key__in=[account.session_key for account in accounts]).delete()
        User.objects.using(using).filter(username__in=[account.username for account in accounts]).delete()
        users = User.objects.using(using).bulk_create(
            User(username=account.username, password=make_password(None)) for account in accounts
        )
        _make_clerks([user for user, account in zip(users, accounts, strict=True) if account.is_clerk], using)
        Session.objects.using(using).bulk_create(
            Session(session_key=account.session_key, session_data=_session_data(user), expire_date=EXPIRY)
            for user, account in zip(users, accounts, strict=True)
        )
    with connections[using].cursor() as cursor:
        cursor.execute("ANALYZE")  # fresh tables have no statistics, and autovacuum is off under load
    return True


def _seeded(accounts: list[corpus.AccountRow], using: str) -> bool:
    """Whether all are there, with sessions that the key in force has signed."""
    sessions = Session.objects.using(using).filter(session_key__in=[account.session_key for account in accounts])
    last = sessions.filter(session_key=accounts[-1].session_key).first()
    return last is not None and sessions.count() == len(accounts) and bool(SessionStore().decode(last.session_data))


def _make_clerks(users: list[User], using: str) -> None:
    """The permission comes from a group, as in most projects."""
    clerks, _ = Group.objects.using(using).get_or_create(name=CLERKS)
    clerks.permissions.add(
        Permission.objects.using(using).get(content_type__app_label="catalog", codename="view_order")
    )
    membership = User.groups.through
    membership._default_manager.using(using).bulk_create(
        membership(user_id=user.pk, group_id=clerks.pk) for user in users
    )


def _session_data(user: User) -> str:
    """What ``login`` puts into a session, signed as Django signs it."""
    return SessionStore().encode(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: BACKEND,
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
    )
