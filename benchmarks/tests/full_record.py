"""A hand-made record in which every field has a value that is not its default."""

from __future__ import annotations

from benchmarks.load.results import Slice
from benchmarks.record import Flag, IdleRecord, OverloadRecord, OverloadStep, RunRecord, State
from benchmarks.tests.records import cell_record, load_result, round_record, run_record, usage

COUNTS = {100: 3, 4200: 1}


def full_run() -> RunRecord:
    """An open loop at a point of a sweep, with idle cost, overload and flags; more than one run has at once."""
    load = load_result(
        in_flight_before=1,
        in_flight_after=2,
        errors={"body": 1},
        warmed_up=False,
        late_succeeded=1,
        late_errors={"timeout": 1},
        surplus=2,
        first_byte=COUNTS,
        first_chunk=COUNTS,
        gaps=COUNTS,
        groups={"innocent": COUNTS},
        connect=COUNTS,
        send_lag=COUNTS,
        offered=1010,
        unsent=9,
        bytes_sent=70_000,
        bytes_received=90_000,
        connections_before=30,
        connections_opened=3,
        connections_closed=1,
        connections_after=32,
        answered_in_all=1300,
        slices=[Slice(500, 1, 505, 4, COUNTS), Slice(500, 0)],
    )
    server = usage(open_files=40, voluntary_switches=5000, involuntary_switches=70, own_cpu_s=0.51)
    measured = round_record(
        1,
        load,
        usage={"server": server, "upstream": usage(0.1)},
        load_side_busy=0.25,
        others_busy=0.04,
        steal=0.03,
        tasks_started=12,
        database_connections=16,
        database_connections_busy=7,
        flags={Flag.OTHER_LOAD: "3 %", Flag.CUT_SHORT: "cut short"},
    )
    overload = OverloadRecord(
        capacity_per_s=900.0,
        steps=[OverloadStep(2.0, 1800.0, 850.5, 120.5, 3, 200, "busy"), OverloadStep(0.5, 450.0, 450.0, None, 0, 0)],
        recovery_s=1.25,
        watched_s=5.0,
        timeout_s=2.0,
        died=True,
        timeline=[Slice(100, 0, 100, 0, COUNTS)],
        slice_s=0.25,
    )
    cell = cell_record(
        rounds=[
            measured,
            round_record(2, state=State.VOID, reason="busy"),
            round_record(3, state=State.FAILED, reason="the server died", usage={}),
        ],
        rate_per_s=1000.5,
        sweep_axis="wait",
        sweep_value=20.0,
        reason="a reason",
        middleware="none",
        command=["python", "-m", "gunicorn"],
        workers=2,
        threads=32,
        cannot=["no WebSockets"],
        wait_ms=200.0,
        slots=2,
        hops=3,
        verified=["8 randomised answers"],
        flags=dict.fromkeys(Flag, "said so"),
        idle=IdleRecord(connections=32, duration_s=0.6, rss_bytes=50_000_000, cpu_ms_per_s=1.5),
        overload=overload,
    )
    run = run_record(cell, cell_record("aiohttp@aiohttp", state=State.EXCUSED, reason="nothing to wait for"))
    card = run.scenarios[0]
    card.claims, card.settings, card.cost_per = ["C1"], {"wait": 50.0}, "hops"
    run.environment, run.notes = {"cpu": "Ünicode ™", "gil": True, "cpu_governor": None}, ["a note"]
    run.state, run.reason, run.finished_at, run.wall_s = State.ABORTED, "interrupted", run.started_at, 1.5
    return run
