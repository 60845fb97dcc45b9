"""``manage.py writedocs``: pages are written, checked and removed; without a reference there are none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.results.documents import documents
from apps.results.management.commands import writedocs
from apps.scenarios.planning import build_plan
from apps.scenarios.tests.planned_runs import carried_out
from benchmarks import record
from benchmarks.record import RunRecord
from benchmarks.reference import as_reference

PAGE, CLAIMS = "scenarios/plaintext.md", "claims.md"


@pytest.fixture(scope="module")
def run() -> RunRecord:
    return carried_out(build_plan(["plaintext", "orm_read"]))


@pytest.fixture(autouse=True)
def without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is named by its file needs none."""
    monkeypatch.setattr(writedocs, "prepare", lambda: None)


@pytest.fixture
def docs(tmp_path: Path, run: RunRecord) -> Path:
    """A folder with a reference and a page that nobody made, and no others yet."""
    (tmp_path / "reference").mkdir()
    (tmp_path / "method.md").write_text("# How it measures\n")
    record.write(as_reference(run), tmp_path / writedocs.REFERENCE, indent=None)
    return tmp_path


def wrote(docs: Path, *words: str) -> str:
    out = io.StringIO()
    call_command("writedocs", *words, docs=docs, stdout=out)
    return out.getvalue().strip()


def refused(docs: Path, *words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        wrote(docs, *words)
    return caught.value


def files(docs: Path) -> dict[str, bytes]:
    return {path.relative_to(docs).as_posix(): path.read_bytes() for path in docs.rglob("*") if path.is_file()}


def test_all_pages_are_written_and_then_none(docs: Path, run: RunRecord) -> None:
    pages = documents(as_reference(run))
    assert wrote(docs) == f"{len(pages)} of {len(pages)} documents written to {docs}."
    assert {path: text.encode() for path, text in pages.items()}.items() <= files(docs).items()
    assert set(files(docs)) == {*pages, "method.md", "reference/run.json"}
    assert wrote(docs).startswith(f"0 of {len(pages)} documents written")


def test_what_is_as_it_would_be_made_passes_the_check(docs: Path, run: RunRecord) -> None:
    wrote(docs)
    assert wrote(docs, "--check") == f"{len(documents(run))} documents are as they would be made."


def test_a_page_that_was_changed_by_hand_is_named_and_left_alone(docs: Path) -> None:
    wrote(docs)
    (docs / PAGE).write_text("by hand")
    before = files(docs)
    error = refused(docs, "--check")
    assert error.returncode == 1
    assert str(error) == f"not as they would be made: {PAGE}\nRun: manage.py writedocs"
    assert files(docs) == before
    assert wrote(docs).startswith("1 of ")
    wrote(docs, "--check")


def test_a_page_that_is_missing_is_named(docs: Path) -> None:
    wrote(docs)
    (docs / CLAIMS).unlink()
    assert f"made: {CLAIMS}\n" in str(refused(docs, "--check"))


def test_a_page_of_a_card_that_is_gone_is_named_and_then_removed(docs: Path) -> None:
    wrote(docs)
    for name in ("scenarios/gone.md", "other.md"):
        (docs / name).write_text("# Of yesterday\n")
    assert "made: scenarios/gone.md\n" in str(refused(docs, "--check"))
    assert (docs / "scenarios/gone.md").exists()
    wrote(docs)
    assert not (docs / "scenarios/gone.md").exists()
    assert {"other.md", "method.md", "scenarios/README.md"} <= set(files(docs)), "what it does not make stays"


@pytest.mark.parametrize("words", [(), ("--check",)])
def test_without_a_reference_it_says_how_to_come_to_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    error = refused(tmp_path, *words)
    assert error.returncode == 1
    assert str(error) == (
        f"there is no reference run at {tmp_path / writedocs.REFERENCE}\n"
        "Measure one with runbench --profile full, then: manage.py writedocs --run latest."
    )
    assert files(tmp_path) == {}


def test_a_damaged_reference_is_refused_and_no_page_written(docs: Path) -> None:
    (docs / writedocs.REFERENCE).write_text('{"schema": 4, "se')
    before = files(docs)
    error = refused(docs)
    assert error.returncode == 1
    assert "reference/run.json is not JSON" in str(error)
    assert files(docs) == before


def test_a_run_that_is_named_becomes_the_reference(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other, exported = carried_out(build_plan(["fan_out"])), tmp_path_factory.mktemp("exports") / "run.json"
    record.write(other, exported)
    wrote(docs, "--run", str(exported))
    assert record.read(docs / writedocs.REFERENCE) == as_reference(other)
    assert len((docs / writedocs.REFERENCE).read_text().splitlines()) == 1
    assert "It is not in the reference run." in (docs / PAGE).read_text()
    wrote(docs, "--check")


def test_a_folder_is_made_where_there_is_none(tmp_path: Path, docs: Path) -> None:
    wrote(tmp_path / "new" / "docs", "--run", str(docs / writedocs.REFERENCE))
    assert (tmp_path / "new" / "docs" / PAGE).is_file()


def test_checking_against_another_run_changes_nothing(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    wrote(docs)
    exported = tmp_path_factory.mktemp("exports") / "run.json"
    record.write(carried_out(build_plan(["fan_out"])), exported)
    before = files(docs)
    said = str(refused(docs, "--check", "--run", str(exported)))
    assert PAGE in said
    assert "scenarios/README.md" not in said, "which says nothing of any run"
    assert files(docs) == before


def test_a_run_that_is_not_there_is_wrong_usage(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.results.sources._known", lambda: "no run is stored yet")
    error = refused(docs, "--run", "absent.json")
    assert error.returncode == 2
    assert "there is no file absent.json" in str(error)
