"""What a run keeps of the command line that started it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.services.database import SQLITE

# They name files or what must stay secret, and decide nothing about what is measured.
HIDDEN = ("--json", "--html", "--compare", "--race", "--database", "--settings", "--pythonpath")
WHOLE = ("--set",)  # an option of its own, though a hidden one's name begins like it
DATABASES = ("embedded", SQLITE)  # no secret, and the figures depend on it


def command_kept(words: Sequence[str]) -> list[str]:
    """The words after ``runbench`` without options, and their values, that hold paths or secrets."""
    return list(_kept(iter(words)))


def _kept(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        name, equals, value = word.partition("=")
        option = _hidden(name)
        if not option:
            yield word
            continue
        value = value if equals else next(words, "")
        if option == "--database" and value in DATABASES:
            yield f"{option}={value}"


def _hidden(name: str) -> str:
    """The hidden option that is meant; argparse takes the beginning of a name for the whole."""
    if not name.startswith("--") or name == "--" or name in WHOLE:
        return ""
    return next((option for option in HIDDEN if option.startswith(name)), "")
