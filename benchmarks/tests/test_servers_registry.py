"""One file per server."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import servers
from benchmarks.servers import NOT_SERVERS, load_servers
from benchmarks.servers.base import ENTRY_POINTS, FASTLANE, Hosting, Interface, Server

NAMES = sorted(load_servers())
OPTIONAL = {
    "daphne": "pip install daphne",
    "granian-asgi": "pip install granian uvloop",
    "granian-fastlane": "pip install granian uvloop",
    "granian-wsgi": "pip install granian",
    "gunicorn-gevent": "pip install gevent",
    "hypercorn": "pip install hypercorn uvloop",
}
HOSTING = Hosting(cores=3, threads=40, python="/usr/bin/python3")


def option(command: tuple[str, ...], name: str) -> str:
    """The word after an option."""
    return command[command.index(name) + 1]


def made(**changes: object) -> Server:
    return Server("made", Interface.ASGI, "made by hand", lambda hosting: (), **changes)  # type: ignore[arg-type]


def test_the_servers_of_the_first_comparison_are_found() -> None:
    assert {"gunicorn-sync", "gunicorn-threads", "uvicorn", "aiohttp"} <= set(NAMES)


def test_every_file_is_a_server_of_that_name() -> None:
    files = {path.stem for path in Path(servers.__file__).parent.glob("*.py")} - {"__init__", *NOT_SERVERS}
    assert sorted(stem.replace("_", "-") for stem in files) == NAMES
    assert {name: server.name for name, server in load_servers().items()} == {name: name for name in NAMES}


def test_a_server_that_is_not_called_as_its_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong_name.py").write_text("from benchmarks.servers.uvicorn import SERVER\n")
    monkeypatch.setattr(servers, "__path__", [str(tmp_path)])
    try:
        with pytest.raises(ValueError, match=r"wrong_name\.py names its server 'uvicorn', not 'wrong-name'"):
            load_servers()
    finally:
        sys.modules.pop("benchmarks.servers.wrong_name", None)
        vars(servers).pop("wrong_name", None)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_takes_the_socket_it_is_given(name: str) -> None:
    server = load_servers()[name]
    words = " ".join(server.command(HOSTING))
    assert ("{fd}" in words, "{port}" in words) == (server.socket == "inherit", server.socket == "bind")


@pytest.mark.parametrize("name", NAMES)
def test_a_command_runs_the_entry_point_of_its_interface_with_the_runs_interpreter(name: str) -> None:
    server = load_servers()[name]
    command = server.command(HOSTING)
    assert command[0] == HOSTING.python
    assert any(word == ENTRY_POINTS[server.interface] or word.startswith("project.") for word in command)
    assert server.summary


@pytest.mark.parametrize("name", ["gunicorn-sync", "gunicorn-threads", "uvicorn", "aiohttp"])
def test_the_servers_of_the_first_comparison_run_what_all_others_of_their_interface_run(name: str) -> None:
    server = load_servers()[name]
    assert ENTRY_POINTS[server.interface] in server.command(HOSTING)


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_needs_nothing_can_be_started(name: str) -> None:
    server = load_servers()[name]
    assert server.missing() == () or server.pip_line


def test_optional_servers_say_how_they_are_installed() -> None:
    assert {name: server.pip_line for name, server in load_servers().items() if server.requires} == OPTIONAL
    for name, server in load_servers().items():
        assert set(server.requires) == set(OPTIONAL.get(name, "").split()[2:])


@pytest.mark.parametrize(("name", "stock"), [("uvicorn-fastlane", "uvicorn"), ("granian-fastlane", "granian-asgi")])
def test_the_fast_lane_is_served_exactly_as_stock_django_is(name: str, stock: str) -> None:
    """All that differs is the handler, so that all that is measured is."""
    ours, theirs = (load_servers()[one].command(HOSTING) for one in (name, stock))
    assert [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b] == [(FASTLANE, ENTRY_POINTS[Interface.ASGI])]


def test_only_those_that_replace_djangos_handler_have_the_fast_lanes_hops() -> None:
    servers = load_servers()
    assert {name for name, server in servers.items() if server.fastlane} == {"uvicorn-fastlane", "granian-fastlane"}
    around = {name: server.hops_around("default", sync_view=True) for name, server in servers.items()}
    assert around["uvicorn"] == around["daphne"] == around["uvicorn-fastlane"] + 15
    assert around["gunicorn-threads"] == around["aiohttp"] == 0, "where there is no loop, or no Django"


def test_a_server_without_lifespan_says_so() -> None:
    assert {name for name, server in load_servers().items() if not server.lifespan} == {"daphne"}
    assert any("no lifespan" in line for line in load_servers()["daphne"].cannot)


def test_gunicorn_sync_serves_as_many_requests_as_it_has_workers() -> None:
    server = load_servers()["gunicorn-sync"]
    assert server.workers(HOSTING) == server.slots(HOSTING) == 6
    assert server.threads(HOSTING) == 1
    assert option(server.command(HOSTING), "--worker-class") == "sync"
    assert option(server.command(HOSTING), "--workers") == "6"
    assert not server.keep_alive


def test_gunicorn_threads_has_as_many_threads_as_it_is_given() -> None:
    server = load_servers()["gunicorn-threads"]
    assert server.threads(HOSTING) == server.slots(HOSTING) == HOSTING.threads
    assert server.workers(HOSTING) == 1
    assert option(server.command(HOSTING), "--worker-class") == "gthread"
    assert option(server.command(HOSTING), "--workers") == "1"
    assert option(server.command(HOSTING), "--threads") == "40"
    assert server.keep_alive


def test_granian_wsgi_has_as_many_threads_as_gunicorn_threads() -> None:
    servers = load_servers()
    granian, threads = servers["granian-wsgi"], servers["gunicorn-threads"]
    assert granian.threads(HOSTING) == threads.threads(HOSTING)
    assert granian.slots(HOSTING) == threads.slots(HOSTING)
    assert option(granian.command(HOSTING), "--blocking-threads") == "40"


@pytest.mark.parametrize(
    "name", ["uvicorn", "aiohttp", "daphne", "hypercorn", "granian-asgi", "gunicorn-gevent", "uvicorn-fastlane"]
)
def test_event_loops_serve_as_many_requests_as_there_are_connections(name: str) -> None:
    server = load_servers()[name]
    assert (server.workers(HOSTING), server.threads(HOSTING), server.slots(HOSTING)) == (1, 1, None)


@pytest.mark.parametrize("name", NAMES)
def test_as_many_workers_as_are_asked_for_are_started_and_counted(name: str) -> None:
    server, hosting = load_servers()[name], replace(HOSTING, workers=5)
    assert "workers" in server.settable
    assert "5" in server.command(hosting)
    assert server.workers(hosting) == 5
    slots = {"gunicorn-sync": 5, "gunicorn-threads": 200, "granian-wsgi": 200}
    assert server.slots(hosting) == slots.get(name)


@pytest.mark.parametrize("name", ["aiohttp", "daphne"])
def test_servers_that_know_no_workers_are_started_several_times(name: str) -> None:
    command = load_servers()[name].command
    one, five = command(replace(HOSTING, workers=1)), command(replace(HOSTING, workers=5))
    assert one == command(HOSTING)
    assert "benchmarks.replicas" not in one
    assert five == (HOSTING.python, "-m", "benchmarks.replicas", "5", "--", *one)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_sweep_may_vary_changes_the_command_and_what_it_may_not_does_not(name: str) -> None:
    server = load_servers()[name]
    for axis in ("workers", "threads"):
        varied = server.command(replace(HOSTING, **{axis: 7}))
        assert (varied != server.command(HOSTING)) == (axis in server.settable), axis


def test_a_server_names_the_modules_it_lacks() -> None:
    assert made(requires=("json", "no_such_server")).missing() == ("no_such_server",)
    assert made(requires=("json",)).missing() == ()
