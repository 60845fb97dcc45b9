"""The fastest HTTP server that Python allows: answers the same bytes to whatever arrives, without reading it.

Load generators are measured against it, since nothing but themselves and the kernel is in their way.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from typing import cast

from benchmarks.event_loop import new_event_loop

BODY = b"Hello, World!"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast(asyncio.Transport, transport).write

    def data_received(self, data: bytes) -> None:
        self.write(ANSWER)


async def serve(fd: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, sock=socket.socket(fileno=fd))
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.services.raw", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="listening socket inherited from the parent")
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(parser.parse_args().fd))
