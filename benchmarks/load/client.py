"""The command's side of the generators: hand them a specification, take samples when the window begins and ends."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.exceptions import LoadError
from benchmarks.json_codec import json_codec
from benchmarks.load.results import LoadResult
from benchmarks.load.specs import Exchange, LoadSpec
from benchmarks.wards import Ward

CONNECT_TIMEOUT_S = 15.0
SLACK_S = 20.0
TOGETHER_S = 0.05  # until the last generator has its order


class Generator:
    """A connection to one generator process. Raises LoadError when it dies or does not answer."""

    def __init__(self, ward: Ward, path: Path) -> None:
        self.ward = ward
        self.path = path
        self.known: set[str] = set()  # names of the exchanges it has

    def connect(self) -> None:
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while True:
            try:
                self._socket.connect(str(self.path))
                break
            except OSError as error:
                if not self.ward.alive or time.monotonic() > deadline:
                    self._socket.close()
                    raise LoadError(f"the load generator did not start:\n{self.ward.log_tail()}") from error
                time.sleep(0.02)
        self._lines = self._socket.makefile("rb")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def learn(self, name: str, exchanges: Sequence[Exchange]) -> None:
        if name not in self.known:
            self._send({"exchanges": name, "list": json_codec.unstructure(list(exchanges))})
            self.known.add(name)

    def order(self, spec: LoadSpec) -> None:
        """Begin to drive; ``hear`` what happens."""
        longest_s = 2 * spec.warmup_s + spec.warmup_limit_s + spec.duration_s + spec.timeout_s
        self._socket.settimeout(longest_s + SLACK_S)
        self._send({"spec": json_codec.unstructure(spec)})

    def hear(self) -> dict[str, Any]:
        """Its next message."""
        try:
            line = self._lines.readline()
        except OSError as error:
            raise LoadError(f"the load generator does not answer: {error}") from error
        if not line:
            raise LoadError(f"the load generator died:\n{self.ward.log_tail()}")
        message: dict[str, Any] = json.loads(line)
        if message["event"] == "error":
            raise LoadError(f"the load generator failed: {message['message']}")
        return message

    def go_on(self) -> None:
        """Time may go on after an edge."""
        self._write(b"\n")

    def _send(self, message: dict[str, Any]) -> None:
        self._write(json.dumps(message).encode() + b"\n")

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise LoadError(f"the load generator died:\n{self.ward.log_tail()}") from error


class Generators:
    """Several generator processes that act as one: their windows begin together, their results are merged."""

    def __init__(self, generators: Sequence[Generator]) -> None:
        self.generators = generators

    def __enter__(self) -> Generators:
        for generator in self.generators:
            generator.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for generator in self.generators:
            generator.close()

    def beside(self) -> Generators:
        """The same processes again, to drive another server at the same time; enter them to connect."""
        return Generators([Generator(generator.ward, generator.path) for generator in self.generators])

    def run(
        self,
        spec: LoadSpec,
        exchanges: Sequence[Exchange],
        on_begin: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> LoadResult:
        """Drive one round; the callbacks run at the edges of the measured window."""
        specs = spec.split(len(self.generators))
        used = self.generators[: len(specs)]
        if len(used) > 1:
            begins_s = time.perf_counter() + TOGETHER_S  # one clock for all processes of a machine
            specs = [replace(part, begins_s=begins_s) for part in specs]
        for generator, part in zip(used, specs, strict=True):
            generator.learn(spec.exchanges, exchanges)
            generator.order(part)
        for edge, callback in (("begin", on_begin), ("end", on_end)):
            for generator in used:
                heard = generator.hear()["event"]
                if heard != edge:
                    raise LoadError(f"the load generator said {heard!r} where {edge!r} was due")
            callback()
            for generator in used:
                generator.go_on()
        results = [json_codec.structure(generator.hear()["result"], LoadResult) for generator in used]
        return LoadResult.merged(results)
