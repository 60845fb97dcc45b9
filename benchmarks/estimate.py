"""About how long a run will take, said before it begins."""

from __future__ import annotations

from benchmarks.plan import Plan

# Rough costs besides the rounds themselves, in seconds, as seen on two slow CPUs.
START_S, SCENARIO_S, VERIFY_S, ROUND_OVERHEAD_S, SILENT_S = 10.0, 4.5, 0.3, 0.5, 4.0
OVERLOAD_S = 16.0  # of one contender


def estimate_s(plan: Plan) -> float:
    """Seconds, patience aside."""
    total_s = START_S
    for workload in plan.workloads:
        cells = plan.runnable(workload)
        rounds_s = sum(
            plan.ramp_s(workload, cell) + plan.window_s(workload, cell.point) + ROUND_OVERHEAD_S for cell in cells
        )
        silences = len({cell.level.concurrency for cell in cells})
        total_s += SCENARIO_S + len(cells) * VERIFY_S + plan.rounds * rounds_s + silences * SILENT_S
        if plan.overload:
            total_s += OVERLOAD_S * len({cell.contender for cell in cells})
    return total_s
