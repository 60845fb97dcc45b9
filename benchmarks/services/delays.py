"""A server of known delays, against which the instrument itself is checked.

``GET /<any>/<N>ms…/`` answers N milliseconds after it came, ``?delay_ms=N`` overrides it, and ``/_stall/N`` makes the
whole server say nothing for N milliseconds. No machine sleeps exactly as long as it is told: ``/_delivered`` tells how
long each answer since the last time it was asked really took, from when the kernel had the request (Linux stamps what
it receives, see SO_TIMESTAMPNS in socket(7); elsewhere: from when it was read) to handing the answer to the kernel.
What a generator finds beyond that is its own.

A thread per connection that sleeps until the moment: event loops count in milliseconds, the kernel's sleep does not.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import struct
import sys
import threading
import time

LONGEST_MS = 10_000.0
BODY = b"known"
PATH_DELAY = re.compile(rb"^GET /[^/ ]+/(\d+(?:\.\d+)?)ms")
QUERY_DELAY = re.compile(rb"^GET [^ ]*[?&]delay_ms=(\d+(?:\.\d+)?)")
STALL = re.compile(rb"^GET /_stall/(\d+(?:\.\d+)?) ")
SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; Python has no name for it
TIMESPEC = struct.Struct("qq")  # seconds and nanoseconds
ACCOUNT = {"pid": os.getpid()}


class Delays:
    """The server's state: until when it says nothing, and how long its answers took."""

    def __init__(self) -> None:
        self.silent_until_s = 0.0
        self.delivered_s: list[float] = []

    def serve(self, connection: socket.socket) -> None:
        """One client, until it hangs up."""
        received = b""
        stamp(connection)
        with connection:
            while True:
                arrived_s = time.perf_counter()
                while b"\r\n\r\n" not in received:
                    data, arrived_s = receive(connection)
                    if not data:
                        return
                    received += data
                request, _, received = received.partition(b"\r\n\r\n")
                answer = self.answer(request, arrived_s)
                try:
                    connection.sendall(answer)
                except OSError:
                    return

    def answer(self, request: bytes, arrived_s: float) -> bytes:
        """The answer's bytes, at the moment when they are due."""
        if request.startswith(b"GET /_identity/"):
            body = json.dumps({"nonce": os.environ.get("CROSSOVER_NONCE", ""), **ACCOUNT}).encode()
            return _http(body, b"application/json")
        if request.startswith(b"GET /_delivered "):
            delivered_s, self.delivered_s = self.delivered_s, []
            return _http(json.dumps(delivered_s).encode(), b"application/json")
        if found := STALL.match(request):
            self.silent_until_s = arrived_s + _seconds(found[1])
            return _http(BODY)
        found = QUERY_DELAY.match(request) or PATH_DELAY.match(request)
        sleep_until(arrived_s + (_seconds(found[1]) if found else 0.0))
        while time.perf_counter() < self.silent_until_s:  # it may have begun while this one slept
            sleep_until(self.silent_until_s)
        self.delivered_s.append(time.perf_counter() - arrived_s)
        return _http(BODY)


def stamp(connection: socket.socket) -> None:
    """Have the kernel say when it received what is read, where it can."""
    if sys.platform == "linux":
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def receive(connection: socket.socket) -> tuple[bytes, float]:
    """What has come, and when, on the clock of ``perf_counter``: to the kernel if it was stamped, or else to here."""
    data, ancillary, *_ = connection.recvmsg(65536, 128)
    now_s, waited_ns = time.perf_counter(), 0
    for level, kind, value in ancillary:
        if (level, kind, len(value)) == (socket.SOL_SOCKET, SO_TIMESTAMPNS, TIMESPEC.size):
            seconds, nanoseconds = TIMESPEC.unpack(value)
            waited_ns = max(0, time.time_ns() - seconds * 10**9 - nanoseconds)
    return data, now_s - waited_ns / 1e9


def _seconds(milliseconds: bytes) -> float:
    return min(float(milliseconds), LONGEST_MS) / 1000


def sleep_until(moment_s: float) -> None:
    ahead_s = moment_s - time.perf_counter()
    if ahead_s > 0:
        time.sleep(ahead_s)


def _http(body: bytes, media_type: bytes = b"text/plain") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (media_type, len(body))
    return head + body


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.services.delays", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="listening socket inherited from the parent")
    listener = socket.socket(fileno=parser.parse_args().fd)
    delays = Delays()
    threading.stack_size(256 * 1024)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=delays.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
