"""The local operator: who may start races, and how a link that works once signs him in."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone
from sesame.utils import get_token, get_user

from apps.results.models import Run
from benchmarks.exceptions import UsageError

NAME = "operator"
SCOPE = "sign-in"  # a token for something else does not sign in


def operator() -> User:
    """Who has the permission to start a run; made where there is none. Raises UsageError if he was shut out."""
    with transaction.atomic():
        user, new = User.objects.get_or_create(username=NAME)
        if not user.is_active:
            raise UsageError(
                f"the user {NAME!r} is not active, so nobody can sign in as him", hint="make him active in the admin"
            )
        if new:
            user.set_unusable_password()
            user.save()
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=Run._meta.app_label, codename="start_run")
        )
    return user


def sign_in_query() -> str:
    """What follows the sign-in page's path in a new link: ``?token=…``."""
    return "?" + urlencode({"token": get_token(operator(), SCOPE)})


def signed_in_by(token: str) -> User | None:
    """The user whose unused token this is; from now on it is used, also for whoever asks at the same moment."""
    with transaction.atomic():
        list(User.objects.select_for_update().filter(username=NAME))
        user: User | None = get_user(token, SCOPE, update_last_login=False)
        if user is not None:
            user.last_login = timezone.now()
            user.save(update_fields=["last_login"])
    return user
