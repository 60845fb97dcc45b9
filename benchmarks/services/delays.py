"""A server of known delays, against which the instrument itself is checked.

``GET /<any>/<N>ms…/`` answers N milliseconds after it was read, ``?delay_ms=N`` overrides it, and ``/_stall/N`` makes
the whole server say nothing for N milliseconds. No machine sleeps exactly as long as it is told: ``/_delivered`` tells
how long each answer since the last time it was asked really took, from reading the request to sending.

A thread per connection that sleeps until the moment: event loops count in milliseconds, the kernel's sleep does not.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import threading
import time

LONGEST_MS = 10_000.0
BODY = b"known"
PATH_DELAY = re.compile(rb"^GET /[^/ ]+/(\d+(?:\.\d+)?)ms")
QUERY_DELAY = re.compile(rb"^GET [^ ]*[?&]delay_ms=(\d+(?:\.\d+)?)")
STALL = re.compile(rb"^GET /_stall/(\d+(?:\.\d+)?) ")
ACCOUNT = {"pid": os.getpid()}


class Delays:
    """The server's state: until when it says nothing, and how long its answers took."""

    def __init__(self) -> None:
        self.silent_until_s = 0.0
        self.delivered_s: list[float] = []

    def serve(self, connection: socket.socket) -> None:
        """One client, until it hangs up."""
        received = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in received:
                    data = connection.recv(65536)
                    if not data:
                        return
                    received += data
                arrived_s = time.perf_counter()
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
