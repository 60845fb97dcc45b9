"""A leg that fails or is late becomes an error entry, never a 500, in every variant alike."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.servers.process import Process, get, start_command, wait_until_ready
from benchmarks.services.knowledge import SERVICES
from benchmarks.stage import Stage, clean_environment
from conftest import Serve

CONTENDERS = ["sync@gunicorn-threads", "async@uvicorn", "wrapped@uvicorn", "aiohttp@aiohttp", "async-aiohttp@uvicorn"]
DEADLINE_S, SLACK_S = 1.0, 4.0  # the answer's own deadline; slack for a busy machine, far below the faults' 30 s

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("contender", CONTENDERS)]


@contextmanager
def faulty_upstream(stage: Stage, *options: str) -> Iterator[Process]:
    argv = (sys.executable, "-m", "benchmarks.services.upstream", "--fd", "{fd}", "--delay-ms", "1", *options)
    process = start_command(stage.guard, f"faulty-{time.monotonic_ns()}", argv, clean_environment())
    try:
        wait_until_ready(process)
        yield process
    finally:
        stage.guard.stop(process.ward)


def ask(serve: Serve, contender: str, port: int) -> tuple[dict[str, dict], float]:
    """The legs of one answer by service, and the seconds it took."""
    variant = contender.partition("@")[0]
    with serve("fan_out", contender, CROSSOVER_UPSTREAM_URL=f"http://127.0.0.1:{port}") as process:
        began_s = time.monotonic()
        status, body = get(process.port, f"/fan_out/{variant}/?book=5", timeout_s=DEADLINE_S + 2 * SLACK_S)
        assert status == 200
        legs = json.loads(body)["legs"]
        assert [leg["service"] for leg in legs] == list(SERVICES)
        return {leg["service"]: leg for leg in legs}, time.monotonic() - began_s


def test_broken_and_dripping_legs(contender: str, serve: Serve, stage: Stage):
    faults = dict(zip(SERVICES, ("reset", "short", "null", "redirect"), strict=False)) | {SERVICES[-1]: "drip"}
    options = [word for service, fault in faults.items() for word in ("--fault", f"{fault}:{service}")]
    with faulty_upstream(stage, *options) as upstream:
        legs, took_s = ask(serve, contender, upstream.port)
    errors = {faults[service]: leg["error"] for service, leg in legs.items() if "error" in leg}
    assert errors == {
        "reset": "broken answer",
        "short": "broken answer",
        "null": "broken answer",
        "redirect": "status 302",
        "drip": "no answer within 1 s",
    }
    assert DEADLINE_S * 0.9 < took_s < DEADLINE_S + SLACK_S


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_a_leg_that_never_ends_is_late(contender: str, fault: str, serve: Serve, stage: Stage):
    last = SERVICES[-1]
    with faulty_upstream(stage, "--fault", f"{fault}:{last}") as upstream:
        legs, took_s = ask(serve, contender, upstream.port)
    assert legs[last]["error"] == "no answer within 1 s"
    assert all("value" in legs[service] for service in SERVICES[:-1])
    assert took_s < DEADLINE_S + SLACK_S


def test_failing_services(contender: str, serve: Serve, stage: Stage):
    with faulty_upstream(stage, "--failure-rate", "1") as upstream:
        legs, _ = ask(serve, contender, upstream.port)
    assert {leg["error"] for leg in legs.values()} == {"status 503"}


def test_absent_upstream_names_the_command_that_starts_it(contender: str, serve: Serve):
    legs, took_s = ask(serve, contender, 1)
    assert all("python -m benchmarks.services.upstream" in leg["error"] for leg in legs.values())
    assert took_s < DEADLINE_S + SLACK_S
