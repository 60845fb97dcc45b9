"""SECRET_KEY from the environment, else generated once and kept where only its owner can read it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def secret_key(folder: Path) -> str:
    """``SECRET_KEY`` from the environment, or the one in ``folder/secret_key`` (made with mode 600 if absent)."""
    if key := os.environ.get("SECRET_KEY", ""):
        return key
    path = folder / "secret_key"
    try:
        if not path.exists():
            _generate(folder, path)
        key = path.read_text().strip()
    except OSError as error:
        sys.exit(f"The folder {folder} cannot be used ({error.strerror}): set CROSSOVER_VAR to one you may write to.")
    return key or sys.exit(f"{path} is empty: delete it, and a new key is made at the next start.")


def _generate(folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder)  # mkstemp makes mode 600
    with os.fdopen(handle, "w") as file:
        file.write(get_random_secret_key())
    with contextlib.suppress(FileExistsError):
        os.link(name, path)  # whole or not at all, and never over a key another process just made
    os.unlink(name)
