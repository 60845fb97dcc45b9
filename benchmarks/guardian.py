"""The guardian: one process that owns every child of a run and its temporary folder.

The command talks to it over its standard input and output, one JSON object a line. When the command is gone, however
it ended, the pipe reads end-of-file: the guardian stops all process groups and removes the folder. It uses nothing
but the standard library, so that it starts fast and has little that can fail.

``start`` may ask for a listening socket: the guardian opens it on a free loopback port, with TCP_NODELAY set before
``listen()`` (accepted sockets inherit it, whatever the server does), and hands it down; ``{fd}`` and ``{port}`` in the
arguments name it. No port is ever chosen first and bound later, except by programs that insist on binding themselves.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.lifeline import adopt_orphans, die_with

LOCK_NAME = ".guardian-lock"
PREFIX = "crossover-run-"
BACKLOG = 2048
STOP_GRACE_S = 1.5  # on the way out; together with SIGKILL and removing the folder it stays below 5 s


@dataclass
class Child:
    """One process the guardian started; it leads a session and a process group of its own."""

    process: subprocess.Popen[bytes]
    stop_signals: tuple[signal.Signals, ...]
    awaited: tuple[int, float] | None = None  # id of the stop request to answer, next escalation (monotonic s)
    step: int = 0

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def escalate(self) -> None:
        """The next, stronger way to say stop; the last one is SIGKILL."""
        order = (*self.stop_signals, signal.SIGKILL)
        self.send(order[min(self.step, len(order) - 1)])
        self.step += 1


def prepare_child(cpus: list[int] | None, guardian_pid: int) -> None:
    """Runs in the child between fork and exec, after the user was dropped (PDEATHSIG would be cleared before)."""
    die_with(guardian_pid, signal.SIGTERM)
    if cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)


def open_listener() -> socket.socket:
    """A listening socket on a free loopback port; proto is named, since asyncio looks at it for TCP_NODELAY."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    return listener


def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot inherit a socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Guardian:
    """The process's state: its folder and its children."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, Child] = {}

    def start(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start one child. Returns its pid and port, or raises OSError."""
        name = order["name"]
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(open_listener()) if order["socket"] == "inherit" else None
            if listener is not None:
                port = listener.getsockname()[1]
            else:
                port = free_port() if order["socket"] == "bind" else 0
            places = {"{fd}": str(listener.fileno()) if listener else "", "{port}": str(port)}
            argv = [_fill(word, places) for word in order["argv"]]
            log = stack.enter_context(open(order["log"], "ab"))
            guardian_pid = os.getpid()
            process = subprocess.Popen(
                argv,
                env={key: _fill(value, places) for key, value in order["env"].items()},
                cwd=order["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(listener.fileno(),) if listener else (),
                preexec_fn=lambda: prepare_child(order["cpus"], guardian_pid),  # noqa: PLW1509 - no threads here
                **({"user": order["user"], "extra_groups": []} if order["user"] else {}),
            )
        stop_signals = tuple(signal.Signals[word] for word in order["stop_signals"])
        self.children[name] = Child(process, stop_signals)
        return {"pid": process.pid, "port": port, "argv": argv}

    def reap(self) -> list[dict[str, Any]]:
        """Collect ended children; returns the messages to send about them."""
        messages: list[dict[str, Any]] = []
        for name, child in list(self.children.items()):
            code = child.process.poll()
            if code is None:
                continue
            child.send(signal.SIGKILL)  # what its group left behind
            del self.children[name]
            messages.append({"event": "exit", "name": name, "returncode": code})
            if child.awaited is not None:
                messages.append({"id": child.awaited[0], "returncode": code})
        with contextlib.suppress(ChildProcessError):  # orphans that came to us as their subreaper
            while _orphan_waits(self.children):
                os.waitpid(-1, os.WNOHANG)
        return messages

    def escalate_due(self) -> float | None:
        """Signal those whose grace is over; returns seconds until the next one is due, or None."""
        now, due = time.monotonic(), None
        for child in self.children.values():
            if child.awaited is None:
                continue
            request, at = child.awaited
            if at <= now:
                child.escalate()
                at = now + STOP_GRACE_S
                child.awaited = (request, at)
            due = at - now if due is None else min(due, at - now)
        return due

    def handle(self, order: Mapping[str, Any]) -> dict[str, Any] | None:
        """Carry out one order; None when its answer comes later."""
        if order["op"] == "start":
            try:
                return self.start(order)
            except OSError as error:
                return {"error": f"{error.strerror or error}: {error.filename or order['argv'][0]}"}
        child = self.children.get(order["name"])
        if child is None:
            return {"returncode": None}
        child.awaited = (order["id"], time.monotonic())
        return None

    def close(self) -> None:
        """Stop everything and remove the folder; safe to be called with children in any state."""
        deadline = time.monotonic() + STOP_GRACE_S
        for child in self.children.values():
            child.escalate()
        while self.children and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.02)
        for child in self.children.values():
            child.send(signal.SIGQUIT if signal.SIGQUIT in child.stop_signals else signal.SIGKILL)
        deadline = time.monotonic() + 1.0
        while self.children and time.monotonic() < deadline:
            self.reap()
            time.sleep(0.02)
        for child in self.children.values():
            child.send(signal.SIGKILL)
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


def _fill(word: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word


def _orphan_waits(children: Mapping[str, Child]) -> bool:
    """Whether an ended process waits for us that is not one of the named children (those are Popen's to reap)."""
    if not hasattr(os, "waitid"):
        return False
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is not None and ended.si_pid not in {child.process.pid for child in children.values()}


def _descendants() -> list[int]:
    """Processes that are still below this one (Linux; elsewhere the groups have to do)."""
    try:
        words = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


def sweep_abandoned(parent: Path) -> None:
    """Remove folders whose guardian is gone (it was killed hard, or the power failed): their lock is free."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            with open(folder / LOCK_NAME, "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # not ours, or in use


def serve(guardian: Guardian, wakeup: socket.socket) -> None:
    """Answer orders until standard input ends."""
    stdin = sys.stdin.fileno()
    pending = b""

    def say(message: Mapping[str, Any]) -> None:
        os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")

    while True:
        timeout = guardian.escalate_due()
        readable, _, _ = select.select([stdin, wakeup], [], [], timeout)
        if wakeup in readable:
            wakeup.recv(4096)
        for message in guardian.reap():
            say(message)
        if stdin in readable:
            chunk = os.read(stdin, 1 << 16)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                order = json.loads(line)
                answer = guardian.handle(order)
                if answer is not None:
                    say({"id": order["id"], **answer})


def main() -> None:
    """Make the folder, tell its path, serve, clean up."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans()
    parent = Path(tempfile.gettempdir())
    sweep_abandoned(parent)
    wakeup, wakeup_sender = socket.socketpair()
    wakeup.setblocking(False)
    wakeup_sender.setblocking(False)
    signal.set_wakeup_fd(wakeup_sender.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    def leave(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
    unlocked = Path(tempfile.mkdtemp(prefix="crossover-new-"))
    unlocked.chmod(0o711)  # the database's user may pass through, nobody may list
    with open(unlocked / LOCK_NAME, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = unlocked.rename(unlocked.with_name(unlocked.name.replace("crossover-new-", PREFIX)))  # now sweepable
        guardian = Guardian(folder)
        try:
            os.write(sys.stdout.fileno(), json.dumps({"folder": str(folder)}).encode() + b"\n")
            serve(guardian, wakeup)
        except BrokenPipeError:
            pass  # the command is gone; end-of-file would have come next
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            guardian.close()


if __name__ == "__main__":
    main()
