"""One run of Django's tests in a process of its own: ``child.py MODE MUTANT REPORT TESTS_FOLDER LABEL…``.

A script, and the package around it is loaded under the name it is installed as: Django's tests have a package ``apps``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import runpy
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

PACKAGE = "crossover_fastlane"
SCRATCH_PREFIX = "crossover-conformance-"  # of the folder that runner.py makes for a run
FASTLANE_THREADS, FASTLANE_MAX_THREADS = 2, 8


def main(mode: str, mutant: str, report: str, tests_folder: str, *labels: str) -> None:
    threading.Thread(target=_end_with_parent, args=(os.dup(0), Path(report).parent), daemon=True).start()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _load_package()
    sys.path.insert(0, tests_folder)
    settings = importlib.import_module("test_sqlite")
    settings.TEST_RUNNER = f"{PACKAGE}.conformance.recording.RecordingRunner"  # type: ignore[attr-defined]
    settings.FASTLANE_THREADS = FASTLANE_THREADS  # type: ignore[attr-defined]
    settings.FASTLANE_MAX_THREADS = FASTLANE_MAX_THREADS  # type: ignore[attr-defined]
    os.environ["DJANGO_SETTINGS_MODULE"] = "test_sqlite"

    from crossover_fastlane.conformance import recording  # type: ignore[import-not-found]

    with open(report, "w", encoding="utf-8") as lines:
        recording.report = lines
        counted = _install(mode, mutant)
        sys.argv = [str(Path(tests_folder) / "runtests.py"), "--parallel=1", "--noinput", *labels]
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as ended:
            recording.write(ended=ended.code or 0, **counted.summary())
            lines.flush()
            raise
        recording.write(ended=0, **counted.summary())


def _end_with_parent(pipe: int, scratch: Path) -> None:
    """Standard input ends when runner.py does, however that comes; its folder is then nobody's."""
    while os.read(pipe, 1024):
        pass
    if scratch.name.startswith(SCRATCH_PREFIX):
        shutil.rmtree(scratch, ignore_errors=True)
    os._exit(3)


def _load_package() -> None:
    folder = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"No package in {folder}")
    sys.modules[PACKAGE] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


class Counted:
    """Requests that entered a handler, and the pools of threads made."""

    def __init__(self, handler_class: Any) -> None:
        self.requests = 0
        self.bridge: Any = None
        handle = handler_class.handle
        lock = threading.Lock()

        async def handle_counted(handler: Any, scope: Any, receive: Any, send: Any) -> None:
            with lock:
                self.requests += 1
            await handle(handler, scope, receive, send)

        handler_class.handle = handle_counted

    def summary(self) -> dict[str, int]:
        pool = self.bridge and self.bridge.threads
        found = {"requests": self.requests}
        if pool is not None:
            found |= {"threads": pool.started, "leased": pool.running + pool.waiting}
        return found


def _install(mode: str, mutant: str) -> Counted:
    """Before any test module is imported."""
    entry: Any = importlib.import_module("django.core.asgi")
    handlers: Any = importlib.import_module("django.core.handlers.asgi")
    handler_class = handlers.ASGIHandler
    if mode in ("replaced", "routed"):
        from crossover_fastlane.handler import FastlaneHandler  # type: ignore[import-not-found]

        handler_class = FastlaneHandler
    counted = Counted(handler_class)
    if mode == "replaced":
        handlers.ASGIHandler = entry.ASGIHandler = handler_class
    elif mode != "plain":
        from crossover_fastlane.conformance import bridge, recording, sharing

        counted.bridge = bridge.Bridge(handler_class)
        sharing.install()
        recording.before_each_test.append(sharing.note_connections)
    if mutant:
        from crossover_fastlane.conformance.mutants import MUTANTS  # type: ignore[import-not-found]

        MUTANTS[mutant]()
    return counted


if __name__ == "__main__":
    main(*sys.argv[1:])
