"""Servers that die, are slow, lie, or answer wrongly: their cells fail with a reason, the others are measured."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import record
from benchmarks.record import CellRecord, State
from conftest import Sandbox

pytestmark = pytest.mark.slow
MEASURED = (State.OK, State.VOID)  # tests may run on a busy machine, where rounds are rightly void

SERVER = '''
"""A server with a fault."""

from dataclasses import replace

from benchmarks.servers.uvicorn import SERVER as UVICORN

CODE = """{code}"""
SERVER = replace(
    UVICORN,
    name="{name}",
    socket="{socket}",
    command=lambda hosting: (hosting.python, "-c", CODE, "{{fd}}", "{{port}}", *UVICORN.command(hosting)[1:]),
)
'''
GO_ON = "import os, sys; sys.argv[0:3] = [sys.executable]; os.execv(sys.executable, sys.argv)"
ANSWER = """
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({'nonce': 'somebody else'}).encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(('127.0.0.1', int(PORT)), Handler).serve_forever()
"""
FAULTS = {
    # Ends at once, with something to say.
    "dies": ("import sys; print('no licence for this server', flush=True); sys.exit(9)", "inherit"),
    # Comes up, but only after the display has begun to say what it waits for.
    "slow": (f"import time; time.sleep(6.5); {GO_ON}", "inherit"),
    # Somebody else holds the port that this server was to bind.
    "impostor": ("import sys; PORT = sys.argv[2]" + ANSWER, "bind"),
    # Binds a port that is taken.
    "busy": (
        "import socket, subprocess, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen();"
        "sys.argv[0:3] = [sys.executable];"
        "place = sys.argv.index('--fd'); sys.argv[place:place + 2] = ['--port', str(s.getsockname()[1])];"
        "sys.exit(subprocess.call(sys.argv))",
        "bind",
    ),
    # Serves well for a while, then is gone.
    "mortal": (
        "import subprocess, sys, time; sys.argv[0:3] = [sys.executable]; "
        "fd = int(sys.argv[sys.argv.index('--fd') + 1]);"
        "child = subprocess.Popen(sys.argv, pass_fds=(fd,)); time.sleep(7); print('out of memory', flush=True);"
        "child.kill(); sys.exit(1)",
        "inherit",
    ),
}


@pytest.fixture(scope="module")
def faulty(copied_tree: Path) -> Path:
    for name, (code, socket) in FAULTS.items():
        text = SERVER.format(name=name, code=code, socket=socket)
        (copied_tree / f"benchmarks/servers/{name}.py").write_text(text)
    lying = copied_tree / "apps/scenarios/plaintext/async_view.py"
    lying.write_text(lying.read_text().replace("HttpResponse(work.BODY,", "HttpResponse(work.BODY[:-1],"))
    wrong = copied_tree / "apps/scenarios/orm_read/wrapped_view.py"
    wrong.write_text(
        wrong.read_text()
        .replace("    return await", "    await Book.objects.acount()\n    return await")
        .replace("from apps.scenarios", "from apps.catalog.models import Book\nfrom apps.scenarios")
    )
    return copied_tree


@pytest.fixture
def there(sandbox: Sandbox, faulty: Path) -> Sandbox:
    sandbox.root = faulty
    return sandbox


def run(there: Sandbox, contender: str, *words: str, scenario: str = "plaintext") -> tuple[CellRecord, str, float]:
    """The faulty contender's cell, beside a sound one; everything that was printed; seconds until it was said."""
    target = there.var.parent / "run.json"
    contenders = ("--contender", contender, "--contender", "sync@gunicorn-threads")
    options = words or ("--rounds", "1", "--duration", "0.2")
    began_s = time.monotonic()
    done = there.manage("runbench", scenario, *contenders, *options, "--concurrency", "2", "--json", str(target))
    printed = done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    there.wait_until_clean()
    faulty, sound = record.read(target).cells
    assert sound.state in MEASURED, sound.reason
    assert done.returncode == (0 if faulty.state in MEASURED else 1)
    return faulty, printed, time.monotonic() - began_s


def test_a_server_that_dies_on_start(there: Sandbox):
    cell, printed, _ = run(there, "sync@dies")
    assert cell.state is State.FAILED
    assert cell.rounds == []
    assert "ended on start with code 9" in printed
    assert "no licence for this server" in printed


def test_a_slow_server_is_waited_for_and_the_display_says_so(there: Sandbox):
    cell, printed, _ = run(there, "sync@slow")
    assert cell.state in MEASURED
    assert "still waiting for sync@slow to answer" in printed


def test_an_impostor_is_not_measured(there: Sandbox):
    cell, printed, _ = run(there, "sync@impostor")
    assert cell.state is State.FAILED
    assert cell.rounds == []
    assert "something else answers on port" in printed


def test_a_busy_port(there: Sandbox):
    cell, printed, _ = run(there, "sync@busy")
    assert cell.state is State.FAILED
    assert "address already in use" in printed


def test_a_server_that_dies_in_the_middle_keeps_what_was_measured(there: Sandbox):
    cell, printed, _ = run(there, "sync@mortal", "--rounds", "12", "--duration", "0.4")
    assert cell.state is State.FAILED
    assert 0 < len(cell.rounds) < 12
    assert cell.rounds[0].state in MEASURED
    assert cell.rounds[-1].state is State.FAILED
    assert "the server died (code 1" in printed
    assert "out of memory" in printed


def test_a_wrong_body_is_refused_before_load(there: Sandbox):
    cell, printed, _ = run(there, "async@uvicorn")
    assert cell.state is State.FAILED
    assert cell.rounds == []
    assert "wrong body" in printed


def test_one_query_too_many_is_refused_before_load(there: Sandbox):
    cell, printed, _ = run(there, "wrapped@uvicorn", scenario="orm_read")
    assert cell.state is State.FAILED
    assert cell.rounds == []
    assert "statements for" in printed
