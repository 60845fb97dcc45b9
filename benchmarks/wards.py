"""The command's side of the guardian: start a process, watch it, read its log, stop it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from benchmarks.exceptions import GuardianLost, StartError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ANSWER_TIMEOUT_S = 15.0
LONGEST_FOLDER = 80  # a unix socket's path may have 107 characters, on macOS 103
SocketMode = Literal["none", "inherit", "bind"]


@dataclass
class Ward:
    """One process in the guardian's care."""

    name: str
    pid: int
    port: int
    argv: tuple[str, ...]
    log: Path
    ended: threading.Event = field(default_factory=threading.Event)
    returncode: int | None = None

    @property
    def alive(self) -> bool:
        return not self.ended.is_set()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines it wrote, for error messages."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").strip().splitlines()[-lines:])
        return ""

    def epitaph(self) -> str:
        """How it ended and its last words, for error messages."""
        return f"code {self.returncode}; its last log lines:\n{self.log_tail()}"


@dataclass
class _Pending:
    """An order that waits for its answer."""

    name: str
    answer: Future[dict[str, Any]] = field(default_factory=Future)

    def wait(self) -> dict[str, Any]:
        """Raises GuardianLost when it ended, or does not answer."""
        try:
            return self.answer.result(timeout=ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise GuardianLost(f"the guardian process did not answer within {ANSWER_TIMEOUT_S:.0f} s") from error


class Guard:
    """Context manager around the guardian process; leaving it stops every ward and removes the folder.

    Raises GuardianLost when the guardian ends by itself, StartError when a program cannot be executed.
    """

    folder: Path

    def __enter__(self) -> Guard:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT_ROOT,
            start_new_session=True,  # Ctrl-C in the terminal is the command's to handle
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            raise GuardianLost("the guardian process did not start")
        self.folder = Path(json.loads(first)["folder"])
        self.lost = False
        self.wards: dict[str, Ward] = {}
        self._ids = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="guardian-reader", daemon=True)
        self._reader.start()
        if len(str(self.folder)) > LONGEST_FOLDER:
            self.__exit__(None, None, None)
            raise StartError(
                f"the temporary folder {self.folder} has too long a name for a socket", hint="set TMPDIR=/tmp"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=6.0)
        self._reader.join(timeout=1.0)
        assert self._process.stdout is not None
        self._process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # gone already, unless the guardian itself was killed

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("event") == "exit":
                ward = self.wards.get(message["name"])
                if ward is not None:
                    ward.returncode = message["returncode"]
                    ward.ended.set()
                continue
            with self._lock:
                pending = self._pending.pop(message["id"], None)
            if pending is not None:
                if "pid" in message:  # known by name before its exit can be reported
                    name = pending.name
                    log = self.log_path(name)
                    self.wards[name] = Ward(name, message["pid"], message["port"], tuple(message["argv"]), log)
                pending.answer.set_result(message)
        self.lost = True
        for ward in list(self.wards.values()):
            ward.ended.set()
        with self._lock:
            waiting, self._pending = self._pending, {}
        for pending in waiting.values():
            pending.answer.set_exception(GuardianLost("the guardian process ended", hint="start the run again"))

    def log_path(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _send(self, order: dict[str, Any]) -> _Pending:
        assert self._process.stdin is not None
        pending = _Pending(order["name"])
        try:
            with self._lock:
                number = next(self._ids)
                self._pending[number] = pending
                self._process.stdin.write(json.dumps({"id": number, **order}).encode() + b"\n")
                self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise GuardianLost("the guardian process ended", hint="start the run again") from error
        return pending

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cpus: Sequence[int] | None = None,
        socket_mode: SocketMode = "none",
        user: str | None = None,
        stop_signals: Sequence[str] = ("SIGTERM",),
        cwd: Path = PROJECT_ROOT,
    ) -> Ward:
        """Start ``argv`` as ward ``name``; ``{fd}`` and ``{port}`` in words and environment name its socket."""
        log = self.log_path(name)
        log.touch(mode=0o600)
        pending = self._send(
            {
                "op": "start",
                "name": name,
                "argv": list(argv),
                "env": dict(os.environ if env is None else env),
                "cwd": str(cwd),
                "cpus": list(cpus) if cpus else None,
                "socket": socket_mode,
                "user": user,
                "log": str(log),
                "stop_signals": list(stop_signals),
            }
        )
        answer = pending.wait()
        if "error" in answer:
            raise StartError(f"{name} could not be started: {answer['error']}")
        return self.wards[name]

    def stop(self, ward: Ward) -> None:
        """Stop a ward and wait until it is gone; stronger signals follow by themselves."""
        self.stop_all([ward])

    def stop_all(self, wards: Sequence[Ward]) -> None:
        """Stop several at once, so that graces run side by side."""
        waiting = [(ward, self._send({"op": "stop", "name": ward.name})) for ward in wards if ward.alive]
        for ward, pending in waiting:
            pending.wait()
            ward.ended.wait(timeout=1.0)
