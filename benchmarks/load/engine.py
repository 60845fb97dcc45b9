"""The generator process: takes load specifications over a unix socket, drives them, tells the results.

    python -m benchmarks.load.engine SOCKET

Lines of JSON. ``{"exchanges": NAME, "list": […]}`` gives it requests under a name. ``{"spec": LoadSpec}`` makes it
drive: it says ``{"event": "begin"}`` and ``{"event": "end"}`` around the measured window, each answered by an empty
line before time goes on, then ``{"event": "result", …}`` or ``{"event": "error"}``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from benchmarks.event_loop import new_event_loop
from benchmarks.json_codec import json_codec
from benchmarks.load.pacing import load_of
from benchmarks.load.specs import Exchange, LoadSpec

LINE_LIMIT = 1 << 27


async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry out load specifications until the client hangs up."""
    exchanges: dict[str, list[Exchange]] = {}

    async def notify(event: str) -> None:
        writer.write(json.dumps({"event": event}).encode() + b"\n")
        await writer.drain()
        await reader.readline()

    while line := await reader.readline():
        message = json.loads(line)
        if "exchanges" in message:
            exchanges[message["exchanges"]] = json_codec.structure(message["list"], list[Exchange])
            continue
        spec = json_codec.structure(message["spec"], LoadSpec)
        try:
            result = await load_of(spec, exchanges[spec.exchanges]).run(notify)
            answer = {"event": "result", "result": json_codec.unstructure(result)}
        except OSError as error:
            answer = {"event": "error", "message": str(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    writer.close()


def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A callback raised: the round's figures would be wrong, so die and leave the traceback in the log."""
    loop.default_exception_handler(context)
    os._exit(1)


async def serve(path: Path) -> None:
    asyncio.get_running_loop().set_exception_handler(fail)
    server = await asyncio.start_unix_server(serve_client, path, limit=LINE_LIMIT)
    async with server:
        await server.serve_forever()


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run on the fastest loop there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(coroutine)


if __name__ == "__main__":
    run(serve(Path(sys.argv[1])))
