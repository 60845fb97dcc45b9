"""The command's side of the generator: hand it a specification, take samples when its window begins and ends."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.exceptions import LoadError
from benchmarks.json_codec import json_codec
from benchmarks.load.specs import LoadResult, LoadSpec
from benchmarks.wards import Ward

CONNECT_TIMEOUT_S = 15.0
SLACK_S = 20.0


class Generator:
    """A connection to one generator process. Raises LoadError when it dies or does not answer."""

    def __init__(self, ward: Ward, path: Path) -> None:
        self.ward = ward
        self.path = path

    def __enter__(self) -> Generator:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while True:
            try:
                self._socket.connect(str(self.path))
                break
            except OSError as error:
                if not self.ward.alive or time.monotonic() > deadline:
                    raise LoadError(f"the load generator did not start:\n{self.ward.log_tail()}") from error
                time.sleep(0.02)
        self._lines = self._socket.makefile("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def run(self, spec: LoadSpec, on_begin: Callable[[], None], on_end: Callable[[], None]) -> LoadResult:
        """Drive one round; the callbacks run at the edges of the measured window."""
        longest_s = spec.warmup_s + spec.warmup_limit_s + spec.duration_s + spec.timeout_s
        self._socket.settimeout(longest_s + SLACK_S)
        edges = {"begin": on_begin, "end": on_end}
        try:
            self._socket.sendall(json_codec.dumps(spec).encode() + b"\n")
            while line := self._lines.readline():
                message: dict[str, Any] = json.loads(line)
                event = message.pop("event")
                if event == "result":
                    return json_codec.structure(message["result"], LoadResult)
                if event == "error":
                    raise LoadError(f"the load generator failed: {message['message']}")
                edges[event]()
                self._socket.sendall(b"\n")
        except OSError as error:
            raise LoadError(f"the load generator does not answer: {error}") from error
        raise LoadError(f"the load generator died:\n{self.ward.log_tail()}")
