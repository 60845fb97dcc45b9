"""A text file that is there whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

from benchmarks.exceptions import RecordError


def write_whole(text: str, path: Path) -> None:
    """Write whole or not at all. Raises RecordError when the file cannot be written.

    A link stays one, and what is no file, a pipe say, is written to as it is.
    """
    special = path.exists() and not path.is_file()  # before resolving: /dev/stdout is a link that leads nowhere
    path = path if special else path.resolve()
    temporary = path.with_name(path.name + ".part")
    try:
        if special:
            path.write_text(text, encoding="utf-8")
            return
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise RecordError(f"{path} cannot be written: {error.strerror}") from error
