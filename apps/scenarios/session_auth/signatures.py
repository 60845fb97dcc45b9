"""Django's signatures without Django: whether a session's data are genuine, and which password it was opened with."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from typing import Any

SESSION_SALT = "django.contrib.sessions.SessionStore"
PASSWORD_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"  # noqa: S105 - the name of a use


def salted_hmac(salt: str, value: str, key: str) -> hmac.HMAC:
    """See ``django.utils.crypto.salted_hmac``."""
    return hmac.new(hashlib.sha256((salt + key).encode()).digest(), value.encode(), hashlib.sha256)


def auth_hash(password: str, key: str) -> str:
    """What ``login`` keeps of a user's password field, so that a new password ends all sessions."""
    return salted_hmac(PASSWORD_SALT, password, key).hexdigest()


def session_of(data: str, key: str) -> dict[str, Any]:
    """The session in a ``session_data`` column; empty when it was not signed with ``key``, or cannot be read.

    Three parts with colons between them: base64 of JSON (with a dot before it, compressed), a timestamp that nobody
    looks at, the signature; see ``django.core.signing.TimestampSigner``.
    """
    value, _, signature = data.rpartition(":")
    digest = base64.urlsafe_b64encode(salted_hmac(SESSION_SALT + "signer", value, key).digest()).rstrip(b"=")
    if not hmac.compare_digest(signature.encode(), digest):
        return {}
    encoded = value.rpartition(":")[0]
    text = encoded.removeprefix(".")
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        session = json.loads(packed if text == encoded else zlib.decompress(packed))
    except (binascii.Error, zlib.error, ValueError):
        return {}
    return session if isinstance(session, dict) else {}
