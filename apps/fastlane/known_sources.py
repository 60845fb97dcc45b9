"""The Django code that this package knows: a fingerprint of each class and function that runs on the loop, per release.

A name in ``KNOWN`` has the fingerprints of its source, each with the first release that has it. The table is made by
``python -m apps.fastlane.known_sources FOLDER …``, where each folder holds one release's ``django``, oldest first: it
prints the table. To add a name, write it with an empty value, read what is new in each release, and run the command.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

KNOWN: dict[str, dict[str, str]] = {
    "django.utils.deprecation.MiddlewareMixin": {"6159ce53038d15c5": "5.2"},
    "django.middleware.security.SecurityMiddleware": {"6d05fa2c3a968f74": "5.2"},
    "django.contrib.sessions.middleware.SessionMiddleware": {"330ed44e346cf549": "5.2", "9882e1195ea91dec": "5.2.14"},
    "django.contrib.sessions.backends.base.SessionBase": {"b9706f15b2f0ea27": "5.2", "49727eb7becd2811": "6.1"},
    "django.contrib.sessions.backends.cache.SessionStore": {"cd377d80bb0ed1e0": "5.2"},
    "django.contrib.sessions.backends.cached_db.SessionStore": {"4eb9315dda52469b": "5.2"},
    "django.contrib.sessions.backends.db.SessionStore": {"2a70140725264a32": "5.2"},
    "django.contrib.sessions.backends.file.SessionStore": {"6ae56d074ec0f01f": "5.2", "9f6115f4c43ddd98": "6.0"},
    "django.contrib.sessions.backends.signed_cookies.SessionStore": {"6c2e19e0a16179a1": "5.2"},
    "django.utils.cache.patch_vary_headers": {"c68c2f5e453c3055": "5.2", "63b23f0bafe2626d": "6.1"},
    "django.middleware.common.CommonMiddleware": {"f3ca5e0e58e9d70a": "5.2", "7d4528b383dd7c9e": "6.0"},
    "django.middleware.common.BrokenLinkEmailsMiddleware": {"20c31a96e627d849": "5.2", "1ce607fb6080a3de": "6.1"},
    "django.middleware.csrf.CsrfViewMiddleware": {"abad577574851b2a": "5.2", "a97fd07a09980661": "6.0"},
    "django.middleware.csrf._add_new_csrf_cookie": {"37401fca3ef1fe3b": "5.2"},
    "django.middleware.csrf._check_token_format": {"9b20eba09c81549b": "5.2"},
    "django.middleware.csrf._get_new_csrf_string": {"e34d0e5c90a0d294": "5.2"},
    "django.middleware.csrf._unmask_cipher_token": {"7417227fb65e681b": "5.2"},
    "django.contrib.auth.middleware.AuthenticationMiddleware": {"5b96c5b06911fd10": "5.2"},
    "django.contrib.messages.middleware.MessageMiddleware": {"a1e3394d2cb236a4": "5.2"},
    "django.contrib.messages.storage.default_storage": {"1d7ac33a6d76ed8c": "5.2"},
    "django.contrib.messages.storage.base.BaseStorage": {"f5ba1fa44492ce44": "5.2"},
    "django.contrib.messages.storage.cookie.CookieStorage": {"94cfda5e5efc6209": "5.2", "e128d155bdc4a0fa": "6.0"},
    "django.contrib.messages.storage.fallback.FallbackStorage": {"63e79a5582a3b9b7": "5.2"},
    "django.contrib.messages.storage.session.SessionStorage": {"0af4a3994aa04f6a": "5.2"},
    "django.middleware.clickjacking.XFrameOptionsMiddleware": {"b02a4a1dce0366f3": "5.2"},
    "django.middleware.csp.ContentSecurityPolicyMiddleware": {"5ef19c83163b435d": "6.0"},
    "django.middleware.csp.get_nonce": {"d8b672cbdb323cdb": "6.0"},
    "django.utils.csp.build_policy": {"b6737003aaaf7c16": "6.0"},
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware": {"13196886dce74082": "5.2"},
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware": {"214b1f15c13796b8": "5.2"},
}

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def definitions(source: str) -> dict[str, Definition]:
    """The classes and functions at a module's top level."""
    return {node.name: node for node in ast.parse(source).body if isinstance(node, Definition)}


def fingerprint(node: ast.AST) -> str:
    """Of what the code does: neither docstrings, comments and layout nor Python's version change it."""
    return hashlib.sha256("".join(_dump(node)).encode()).hexdigest()[:16]


def _dump(value: object) -> Iterator[str]:
    # ast.dump() leaves out empty fields from Python 3.13 on, and new versions add fields, which are empty in old code.
    if isinstance(value, ast.AST):
        yield f"{type(value).__name__}("
        for name, field in ast.iter_fields(value):
            documented = name == "body" and isinstance(value, Definition) and ast.get_docstring(value) is not None
            code = field[1:] if documented else field
            if code is not None and code != []:
                yield f"{name}="
                yield from _dump(code)
        yield ")"
    elif isinstance(value, list):
        yield "["
        for item in value:
            yield from _dump(item)
            yield ","
        yield "]"
    else:
        yield repr(value)


def _table(folders: list[Path]) -> dict[str, dict[str, str]]:
    """``KNOWN`` as these releases have it."""
    table: dict[str, dict[str, str]] = {path: {} for path in KNOWN}
    for folder in folders:
        version = folder.name
        for path, releases in table.items():
            module, _, name = path.rpartition(".")
            file = folder.joinpath(*module.split("."))
            file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            node = definitions(file.read_text(encoding="utf-8")).get(name) if file.exists() else None
            if node is not None:
                releases.setdefault(fingerprint(node), version)
    return table


def _lines(table: dict[str, dict[str, str]]) -> Iterator[str]:
    yield "KNOWN: dict[str, dict[str, str]] = {\n"
    for path, releases in table.items():
        inside = ", ".join(f'"{print_}": "{version}"' for print_, version in releases.items())
        yield f'    "{path}": {{{inside}}},\n'
    yield "}\n"


if __name__ == "__main__":
    sys.stdout.writelines(_lines(_table([Path(folder) for folder in sys.argv[1:]])))
