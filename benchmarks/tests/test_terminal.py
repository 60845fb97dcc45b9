"""A run as tables on a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from benchmarks.record import CellRecord, Flag, IdleRecord, ScenarioRecord, State
from benchmarks.reports.sentences import sentence, verdict_sentence
from benchmarks.reports.tables import tables
from benchmarks.reports.terminal import WIDEST, print_run, render
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

WIDTH = WIDEST


def shown(*cells: CellRecord) -> str:
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    console.print(render(*tables(run_record(*cells))))
    return console.export_text()


def lines(text: str, start: str) -> list[str]:
    """The lines that start so, their runs of blanks made single; figures come before costs."""
    return [" ".join(row.split()) for row in text.splitlines() if row.lstrip().startswith(start)]


def line(text: str, start: str) -> str:
    """The only one of them."""
    (found,) = lines(text, start)
    return found


def measured(contender: str, rate: int, latency_s: float, **changes: Any) -> CellRecord:
    watched = usage(0.5, rss_bytes=51_600_000, threads=12)
    load = load_result(rate, latency_s=latency_s, errors={"reset": 1})
    rounds = [round_record(n, load, usage={"server": watched}) for n in range(1, 6)]
    return cell_record(contender, rounds=rounds, **changes)


def test_the_card_stands_above_the_table() -> None:
    assert "plaintext  Framework overhead alone. What does a request cost?" in shown(cell_record())


def test_a_row_has_every_figure() -> None:
    text = shown(measured("sync@gunicorn-threads", 1000, 0.012), measured("async@uvicorn", 2000, 0.006))
    assert lines(text, "contender")[0] == (
        "contender requests/s p50 ms p90 ms p99 ms p99.9 ms errors ratio to sync@gunicorn-threads"
    )
    assert lines(text, "sync@gunicorn-threads  ")[0] == ("sync@gunicorn-threads 1,000 12.0 12.0 12.0 12.0 5 baseline")
    assert lines(text, "async@uvicorn  ")[0] == "async@uvicorn 2,000 6.00 6.00 6.00 6.00 5 2.00 × (2.00–2.00)"


def test_what_it_took_is_a_table_of_its_own_with_dashes_for_what_cannot_be_told() -> None:
    watched = usage(0.5, rss_bytes=51_600_000, open_files=40, voluntary_switches=3000, involuntary_switches=500)
    costly = round_record(
        1,
        load_result(1000, answered_in_all=1000),
        usage={"server": watched, "postgres": usage(0.25)},
        tasks_started=2000,
        database_connections=16,
        database_connections_busy=9,
    )
    cell = cell_record(rounds=[costly], idle=IdleRecord(32, 0.6, 48_000_000, 1.5))
    text = shown(cell, cell_record("async@uvicorn"))
    assert lines(text, "contender")[1] == (
        "contender CPU ms/req DB CPU ms/req RSS MB peak MB threads started/req vol./req invol./req files DB conns "
        "at work idle MB idle CPU ms/s"
    )
    assert lines(text, "sync@gunicorn-threads  ")[1] == (
        "sync@gunicorn-threads 0.50 0.25 52 52 4 2.00 3.00 0.50 40 16 9 48 1.50"
    )
    assert lines(text, "async@uvicorn  ")[1] == "async@uvicorn 0.50 – 50 50 4 – – – – – – – –"


def test_load_is_a_column_only_where_levels_differ() -> None:
    one_level = shown(cell_record(), cell_record("async@uvicorn"))
    two_levels = shown(cell_record(concurrency=8), cell_record(concurrency=64))
    assert all(" load " not in heading for heading in lines(one_level, "contender"))
    assert all(heading.startswith("contender load ") for heading in lines(two_levels, "contender"))
    assert "sync@gunicorn-threads 64 connections 1,000" in " ".join(two_levels.split())


def test_a_void_cell_shows_its_state_and_reason_and_no_figures() -> None:
    text = shown(cell_record(), cell_record("async@uvicorn", state=State.VOID, reason="upstream was 95% busy"))
    assert line(text, "async@uvicorn  ") == "async@uvicorn void – – – – 0 –", "and no costs"
    assert line(text, "async@uvicorn: void") == "async@uvicorn: void: upstream was 95% busy"


def test_a_failed_cell_shows_its_errors() -> None:
    failed = round_record(1, load_result(errors={"status": 1234}), state=State.FAILED)
    text = shown(cell_record("sync@uvicorn", rounds=[failed], state=State.FAILED, reason="1234 of 2234 failed"))
    assert line(text, "sync@uvicorn  ") == "sync@uvicorn failed – – – – 1,234 –"
    assert line(text, "sync@uvicorn: failed") == "sync@uvicorn: failed: 1234 of 2234 failed"


def test_an_excused_cell_shows_why_it_is_not_applicable_and_has_no_footnote() -> None:
    excused = cell_record("aiohttp@aiohttp", rounds=[], state=State.EXCUSED, reason="needs PostgreSQL")
    text = shown(cell_record(), excused)
    assert line(text, "aiohttp@aiohttp  ").startswith("aiohttp@aiohttp not applicable –")
    assert line(text, "aiohttp@aiohttp:") == "aiohttp@aiohttp: not applicable: needs PostgreSQL"


def test_an_aborted_cell_shows_what_was_measured_until_then() -> None:
    text = shown(cell_record(state=State.ABORTED, reason="the run ended after 1 of 5 rounds"))
    assert lines(text, "sync@gunicorn-threads  ")[0].startswith("sync@gunicorn-threads 1,000 10.0")
    assert "sync@gunicorn-threads: aborted: the run ended after 1 of 5 rounds" in text


def test_a_cell_with_some_void_rounds_says_so() -> None:
    """As a flag: its figure is valid, so it has no reason."""
    flags = {Flag.VOID_ROUNDS: "1 of 5 rounds void: upstream was 95% busy", Flag.LATE: "sent late"}
    text = shown(cell_record(flags=flags))
    assert "sync@gunicorn-threads: 1 of 5 rounds void: upstream was 95% busy\n" in text
    assert "sync@gunicorn-threads: sent late\n" in text


def test_what_holds_for_several_cells_is_said_once() -> None:
    flags = {Flag.OTHER_LOAD: "3 % stolen"}
    text = shown(*(cell_record(name, flags=flags) for name in ("sync@gunicorn-threads", "sync@uvicorn", "a@uvicorn")))
    assert text.count("3 % stolen") == 1
    assert "a@uvicorn: 3 % stolen (likewise: sync@gunicorn-threads; sync@uvicorn)" in text


def test_footnotes_say_how_it_is_hosted_and_what_it_cannot_do() -> None:
    text = shown(
        cell_record("sync@gunicorn-sync", workers=2, cannot=["no keep-alive", "no WebSockets"]),
        cell_record("sync@gunicorn-threads", threads=32, cannot=["no WebSockets"]),
        cell_record("async@uvicorn"),
    )
    assert "sync@gunicorn-sync: 2 workers; cannot: no keep-alive, no WebSockets\n" in text
    assert "sync@gunicorn-threads: 1 worker × 32 threads; cannot: no WebSockets\n" in text
    assert "async@uvicorn: 1 worker\n" in text


def test_a_footnote_says_what_the_wait_allows() -> None:
    text = shown(cell_record(wait_ms=200.0, concurrency=16))
    assert "sync@gunicorn-threads: 1 worker; waits at least 200 ms, so at most 80 requests/s\n" in text


def test_both_at_one_ceiling_are_not_ranked_in_the_table() -> None:
    flags = {Flag.CEILING: "at the ceiling"}
    cells = [cell_record(name, wait_ms=200.0, flags=flags) for name in ("sync@gunicorn-threads", "async@uvicorn")]
    assert lines(shown(*cells), "async@uvicorn  ")[0].endswith(" 0 cannot rank: at the ceiling")


def test_a_contender_has_one_footnote_however_many_levels() -> None:
    text = shown(cell_record(concurrency=8), cell_record(concurrency=64))
    assert text.count("sync@gunicorn-threads: 1 worker") == 1


def test_the_sentence_and_the_verdict_end_it() -> None:
    cells = (cell_record(rates=(1000, 1100)), cell_record("async@uvicorn", rates=(2000, 2000)))
    text, run = " ".join(shown(*cells).split()), run_record(*cells)
    assert text.endswith(f"{sentence(run, 'plaintext')} {verdict_sentence(run, 'plaintext')}")


def test_text_in_brackets_is_shown_as_it_is() -> None:
    text = shown(cell_record(state=State.FAILED, reason="it said: [error] no [/tmp/socket]"))
    assert "failed: it said: [error] no [/tmp/socket]" in text


def test_it_fits_its_width() -> None:
    text = shown(*(measured(name, 123_456, 12.3456) for name in ("sync@gunicorn-threads", "wrapped@uvicorn-fastlane")))
    assert max(map(len, text.splitlines())) <= WIDTH


def test_scenarios_without_cells_are_not_printed() -> None:
    run = run_record(cell_record())
    run.scenarios.append(ScenarioRecord("orm_read", "A page", "Does it pay?", "sync@gunicorn-threads"))
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    print_run(console, run)
    text = console.export_text()
    assert "Framework overhead alone" in text
    assert "orm_read" not in text


@pytest.mark.parametrize("width", [80, 110, 150])
def test_no_figure_is_cut_off_on_a_terminal_of_usual_width(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    print_run(
        console, run_record(measured("sync@gunicorn-threads", 1000, 0.012), measured("aiohttp@aiohttp", 35000, 1))
    )
    text = console.export_text()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    for figure in ("35,000", "1,000", "CPU ms/req", "baseline", "35.0 × (35.0–35.0)"):
        assert figure in text
