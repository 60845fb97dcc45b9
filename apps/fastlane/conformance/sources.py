"""Django's tests: not in its wheel, so taken from the source distribution of exactly the installed version."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

DOWNLOAD_WITHIN_S = 240
LOCK_WITHIN_S = 300


class TestsUnavailable(Exception):
    """Django's tests cannot be had; the message says what to do."""


def tests_folder(version: str) -> Path:
    """The folder with ``runtests.py``, downloaded through pip the first time and kept in the user's cache.

    Raises TestsUnavailable.
    """
    cache = Path(os.environ.get("CROSSOVER_CACHE") or Path.home() / ".cache" / "crossover")
    folder = cache / f"django-tests-{version}"
    if (folder / "runtests.py").is_file():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"django-tests-{version}.lock"):
            if not (folder / "runtests.py").is_file():  # another process may have been quicker
                _obtain(version, folder)
    except OSError as error:
        raise TestsUnavailable(f"Django's tests cannot be kept in {cache}: {error}. Set CROSSOVER_CACHE.") from error
    return folder


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by one process; the kernel lets go of it when that ends, however it ends."""
    deadline_s = time.monotonic() + LOCK_WITHIN_S
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise TestsUnavailable(f"Another process has held {path} for {LOCK_WITHIN_S} s.") from None
                time.sleep(0.1)
        yield


def _obtain(version: str, folder: Path) -> None:
    """Into a folder of another name first: what has the right name is whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="incomplete-") as scratch:
        archive = _download(version, folder, Path(scratch))
        with tarfile.open(archive) as tar:
            members = [one for one in tar.getmembers() if PurePosixPath(one.name).parts[1:2] == ("tests",)]
            tar.extractall(scratch, members, filter="data")
        found = list(Path(scratch).glob("*/tests/runtests.py"))
        if len(found) != 1:
            raise TestsUnavailable(f"{archive.name} has no tests/runtests.py.")
        found[0].parent.rename(folder)


def _download(version: str, folder: Path, into: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-binary=django", f"--dest={into}", f"django=={version}"]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=DOWNLOAD_WITHIN_S)
        said = done.stderr.strip() or done.stdout.strip()
    except subprocess.TimeoutExpired:
        said = f"pip did not finish within {DOWNLOAD_WITHIN_S} s"
    archives = list(into.glob("*.tar.gz"))
    if archives:
        return archives[0]
    raise TestsUnavailable(
        f"Django's tests come with its source distribution alone, and pip could not download that of {version}.\n"
        "Run this again where pip reaches an index that has it (PIP_INDEX_URL, or pip's configuration, names one),\n"
        f"or unpack Django's source distribution and copy its folder `tests` to {folder}.\n"
        f"pip said: {said[-1500:]}"
    )
