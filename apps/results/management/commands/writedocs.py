"""``manage.py writedocs``: make the documents that follow from cards and one stored run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.results.console import HarnessCommand, errors_told
from apps.results.documents import documents
from apps.results.first_start import prepare
from apps.results.sources import find_run
from benchmarks.exceptions import RecordError
from benchmarks.record import RunRecord, read, write
from benchmarks.reference import as_reference

DOCS = Path(__file__).resolve().parents[4] / "docs"
REFERENCE = "reference/run.json"
EXAMPLES = """
examples:
  manage.py writedocs                  again from the reference run that is stored in docs/
  manage.py writedocs --run latest     make the last run the reference, and write
  manage.py writedocs --check          say what would differ, and write nothing
"""


class Command(HarnessCommand):
    help = "Write docs/scenarios/ and docs/claims.md from the cards and one stored run."
    epilog = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", metavar="RUN", help="a stored run (number, latest) or a file: the new reference")
        parser.add_argument("--docs", type=Path, default=DOCS, metavar="FOLDER", help="where (default: %(default)s)")
        parser.add_argument("--check", action="store_true", help="exit with 1 if something would change")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["docs"]
        with errors_told():
            run = self._reference(folder / REFERENCE, options["run"], options["check"])
            pages = documents(run)
        stale = [path for path in folder.glob("scenarios/*.md") if f"scenarios/{path.name}" not in pages]
        changed = {
            path: text
            for path, text in pages.items()
            if not (folder / path).is_file() or (folder / path).read_text() != text
        }
        if options["check"]:
            differing = sorted([*changed, *(f"scenarios/{path.name}" for path in stale)])
            if differing:
                raise CommandError(f"not as they would be made: {', '.join(differing)}\nRun: manage.py writedocs")
            self.stdout.write(f"{len(pages)} documents are as they would be made.")
            return
        try:
            for path, text in changed.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            for page in stale:
                page.unlink()
        except OSError as error:
            raise CommandError(f"{folder} cannot be written to: {error.strerror}") from error
        self.stdout.write(f"{len(changed)} of {len(pages)} documents written to {folder}.")

    def _reference(self, path: Path, name: str | None, check: bool) -> RunRecord:
        """The run the documents tell of; ``name`` makes another one the reference."""
        if name is None:
            if not path.is_file():
                raise RecordError(
                    f"there is no reference run at {path}",
                    hint="measure one with runbench --profile full, then: manage.py writedocs --run latest",
                )
            return read(path)
        prepare()
        run = as_reference(find_run(name)[1])
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(run, path, indent=None)
        return run
