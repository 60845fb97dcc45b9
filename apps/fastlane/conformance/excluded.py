"""What is not counted against the fast lane, each with the reason."""

from __future__ import annotations

import re

# Not run at all.
LEFT_OUT = {"auth_tests.test_hashers": "hashes passwords for up to a minute and makes no request"}

# Tests that hold with stock and cannot hold with the fast lane, by design.
EXCLUDED: dict[str, str] = {}

# Why tests fail with stock behind the same bridge, or without one: words only, whether they do is seen in each run.
WITH_STOCK = {
    "auth_tests.test_remote_user.CustomHeaderRemoteUserTest": (
        "under ASGI Django 5.2 looks for HTTP_HTTP_AUTHUSER, which no header becomes"
    ),
    "file_uploads.tests.DirectoryCreationTests.test_readonly_root": "the superuser may write into any folder",
    "handlers.tests.SignalsTests.test_request_signals": "request_started has a scope under ASGI, and no environ",
    "handlers.tests.SignalsTests.test_request_signals_streaming_response": (
        "a server consumes a stream before its client returns"
    ),
    "middleware_exceptions.tests.MiddlewareNotUsedTests": "the log's first line is about an ASGI handler's adapting",
    "middleware_exceptions.tests.MiddlewareSyncAsyncTests.test_async_middleware": (
        "an ASGI handler does not adapt a middleware that is async"
    ),
    "view_tests.tests.test_static.": "ASGIHandler sends files in its own chunk size",
}


def reason_with_stock(test: str, traceback: str) -> str:
    """The sentence for a test that fails with stock, or the last line of its traceback."""
    known = [name for name in WITH_STOCK if test.startswith(name)]
    if known:
        return WITH_STOCK[max(known, key=len)]
    lines = error_lines(traceback)
    return lines[-1][:200] if lines else ""


def error_lines(traceback: str) -> list[str]:
    """What was raised, without where: a test that fails in another way than with stock is not excused."""
    lines = [line for line in traceback.splitlines() if line.strip() and not line.startswith((" ", "-", "+", "?"))]
    return [re.sub(r"0x[0-9a-fA-F]+", "0x", line) for line in lines]
