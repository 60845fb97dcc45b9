"""A whole race, from the sign-in link to the stored run, on a real showcase with two processes."""

from __future__ import annotations

import itertools
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import pytest

from apps.results.tests.test_runbench import rows
from conftest import Sandbox

pytestmark = pytest.mark.slow
CONTENDERS = ["sync@gunicorn-threads", "async@uvicorn"]
ENDS_WITHIN_S = 8.0  # what is under way is interrupted, stopped within the guardian's 5 s, and stored


@dataclass
class Showcase:
    """The pages on a real server."""

    process: subprocess.Popen[str]
    url: str
    sandbox: Sandbox

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A browser, as far as cookies go, of somebody who may start races."""
        link = self.sandbox.manage("signinlink", "--base-url", self.url).stdout.strip()
        with httpx.Client(base_url=self.url, timeout=20, headers={"Origin": self.url}) as browser:
            assert browser.post("/sign-in/", data=_hidden(browser.get(link).text)).status_code == 302
            yield browser

    def start(self, browser: httpx.Client, rounds: int) -> httpx.Response:
        fields = _hidden(browser.get("/live/?scenario=plaintext").text)
        form = {"scenario": "plaintext", "contender": CONTENDERS, "concurrency": "8", "rounds": str(rounds)}
        token = fields.get("csrfmiddlewaretoken") or browser.cookies["csrftoken"]
        return browser.post("/live/start/", data={**form, "csrfmiddlewaretoken": token})


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


@contextmanager
def serving(sandbox: Sandbox, workers: int = 1) -> Iterator[Showcase]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        where = ("--fd", str(listener.fileno()), "--workers", str(workers), "--timeout-graceful-shutdown", "1")
        argv = [sys.executable, "-W", "ignore", "-m", "uvicorn", "project.asgi:application", *where]
        with open(sandbox.var.parent / "uvicorn.log", "w+") as log:
            process = subprocess.Popen(
                argv,
                cwd=sandbox.root,
                env=sandbox.env,
                stdout=log,
                stderr=log,
                pass_fds=(listener.fileno(),),
                text=True,
            )
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            try:
                assert httpx.get(f"{url}/live/", timeout=60).status_code == 200
                yield Showcase(process, url, sandbox)
            finally:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=10)
                process.kill()
                process.wait()


def events(showcase: Showcase, path: str, after: str = "", most: int = 10_000) -> Iterator[tuple[str, str, dict]]:
    """One connection's events: (id, kind, content); it is cut after so many."""
    headers = {"Last-Event-ID": after} if after else {}
    with httpx.stream("GET", f"{showcase.url}{path}events/", headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields["id"], fields["event"], json.loads(fields["data"])
                most -= 1
                if not most:
                    return
                fields = {}


def follow(showcase: Showcase, path: str) -> list[tuple[str, str, dict]]:
    """As a browser does: it comes again with the last key; every connection breaks after three events."""
    heard: list[tuple[str, str, dict]] = []
    for _ in range(200):
        heard += events(showcase, path, heard[-1][0] if heard else "", 3)
        if heard and heard[-1][1] == "end":
            return heard
    raise AssertionError("it had no end")


def test_from_the_link_to_the_stored_run(sandbox: Sandbox):
    with serving(sandbox, workers=2) as showcase, showcase.signed_in() as browser:
        begun = showcase.start(browser, 3)
        assert begun.status_code == 302, begun.text
        path = begun.headers["Location"]
        refused = showcase.start(browser, 3)
        assert refused.status_code == 409
        assert f'href="{path}"' in refused.text
        assert f'href="{path}"' in httpx.get(f"{showcase.url}/live/").text

        heard = follow(showcase, path)
        assert heard == list(events(showcase, path)), "cut or not, everybody hears the same, once and in order"
        keys = [int(key) for key, _, _ in heard]
        assert keys == sorted(set(keys))
        contents = [content for _, kind, content in heard if kind == "update"]
        rounds = [(entry["number"], entry["contender"]) for content in contents for entry in content.get("rounds", ())]
        assert sorted(rounds) == sorted(itertools.product((1, 2, 3), CONTENDERS))
        (plan,) = [content["plan"] for content in contents if "plan" in content]
        ending = heard[-1][2]
        assert ending == {"state": "ok", "reason": "", "run": plan["run"]}
        page = browser.get(path).text
        assert f'href="/runs/{plan["run"]}/"' in page and "data-events" not in page
    sandbox.wait_until_clean()

    ((state, options, notes),) = rows(sandbox, "SELECT state, options, notes FROM results_run")
    assert state == "ok"
    assert json.loads(options)["watched"] is True
    assert any("watched" in note for note in json.loads(notes))
    assert rows(sandbox, "SELECT active, run_id, error FROM results_race") == [(None, plan["run"], "")]
    assert rows(sandbox, "SELECT count(*) FROM results_round") == [(6,)]


def begin_and_wait(showcase: Showcase, browser: httpx.Client) -> str:
    """A race that has one round behind it and many before it."""
    path = showcase.start(browser, 9).headers["Location"]
    for _, _, content in events(showcase, path):
        if content.get("rounds"):
            return path
    raise AssertionError("it ended before its first round")


def test_a_showcase_that_is_killed_takes_its_race_with_it(sandbox: Sandbox):
    with serving(sandbox) as showcase, showcase.signed_in() as browser:
        path = begin_and_wait(showcase, browser)
        showcase.process.kill()
        sandbox.wait_until_clean(ENDS_WITHIN_S)
    assert rows(sandbox, "SELECT state, reason FROM results_run") == [("aborted", "interrupted")]
    assert rows(sandbox, "SELECT active FROM results_race") == [(1,)]  # nobody was left to say otherwise
    with serving(sandbox) as showcase:
        page = httpx.get(f"{showcase.url}{path}").text
        assert "It was stopped." in page and "What was measured" in page
        (*_, (_, kind, content)) = events(showcase, path)
        assert (kind, content["state"]) == ("end", "aborted")


def test_a_race_can_be_stopped_and_keeps_what_it_has(sandbox: Sandbox):
    with serving(sandbox, workers=2) as showcase, showcase.signed_in() as browser:
        path = begin_and_wait(showcase, browser)
        assert browser.post(f"{path}stop/", data=_hidden(browser.get(path).text)).status_code == 302
        (*_, (_, kind, content)) = events(showcase, path)
        assert (kind, content["state"], content["reason"]) == ("end", "aborted", "interrupted")
        again = showcase.start(browser, 3)
        assert again.status_code == 302
        browser.post(f"{again.headers['Location']}stop/", data=_hidden(browser.get(path).text))
    sandbox.wait_until_clean(ENDS_WITHIN_S)
    assert rows(sandbox, "SELECT count(*) >= 1 FROM results_round WHERE state IN ('ok', 'void')") == [(1,)]


def test_a_command_that_is_killed_is_told_of(sandbox: Sandbox):
    with serving(sandbox) as showcase, showcase.signed_in() as browser:
        path = begin_and_wait(showcase, browser)
        sandbox.find("manage.py runbench").send_signal(signal.SIGKILL)
        (*_, (_, kind, content)) = events(showcase, path)
        assert (kind, content["state"]) == ("end", "aborted")
        assert "The command that measured it is gone" in browser.get(path).text
    sandbox.wait_until_clean()


def test_a_showcase_that_is_stopped_does_not_wait_for_those_who_look_on(sandbox: Sandbox):
    with serving(sandbox) as showcase, showcase.signed_in() as browser:
        path = begin_and_wait(showcase, browser)
        looking = events(showcase, path)
        next(looking)
        showcase.process.terminate()
        began_s = time.monotonic()
        showcase.process.wait(timeout=10)
        assert time.monotonic() - began_s < 5
        with suppress(httpx.HTTPError):
            list(looking)
        sandbox.wait_until_clean(ENDS_WITHIN_S)
    assert rows(sandbox, "SELECT state FROM results_run") == [("aborted",)]
