"""What stands below the tables: what each contender is, and what is to be known of its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.axes import Axis
from benchmarks.plan import Contender, Middleware
from benchmarks.record import CellRecord, Flag, State
from benchmarks.servers import load_servers
from benchmarks.servers.base import Interface, Server
from benchmarks.stats.ceiling import sustained_per_s

NAMED = 6  # contenders in one note; more are counted
UNMEASURED = (State.FAILED, State.VOID, State.ABORTED, State.EXCUSED)


@dataclass(frozen=True)
class Note:
    """Why a cell has no figures, or what is to be known of those it has."""

    text: str
    state: State


def notes(cells: Sequence[CellRecord], levels: bool) -> tuple[Note, ...]:
    """Why cells have no figures, each in a line; what holds of several that have is said once, with an example."""
    names = [f"{cell.contender} at {cell.level}" if levels else cell.contender for cell in cells]
    notes = [
        Note(f"{name}: {f'{cell.state}: ' if cell.state in UNMEASURED else ''}{cell.reason}", cell.state)
        for name, cell in zip(names, cells, strict=True)
        if cell.reason
    ]
    for flag in Flag:
        told = [
            (name, cell.flags[flag])
            for name, cell in zip(names, cells, strict=True)
            if flag in cell.flags and not cell.reason
        ]
        if len(told) == 1:
            notes.append(Note(": ".join(told[0]), State.OK))
        elif told:
            (name, example), others = told[-1], [name for name, _ in told[:-1]]
            likewise = "; ".join(others) if len(others) < NAMED else f"{len(others)} others"
            notes.append(Note(f"{name}: {example} (likewise: {likewise})", State.OK))
    return tuple(notes)


def footnotes(cells: list[CellRecord]) -> list[str]:
    """What each contender is, and what it cannot do: beside the figures, not in a manual."""
    notes = []
    told: dict[str, list[CellRecord]] = {}
    for cell in cells:
        if cell.state is not State.EXCUSED:
            told.setdefault(cell.contender, []).append(cell)
    servers = load_servers()
    for contender, own in told.items():
        cell = own[0]
        sizes = {(one.workers, one.threads) for one in own}
        cannot = f"; cannot: {', '.join(cell.cannot)}" if cell.cannot else ""
        size = _size(cell) if len(sizes) == 1 else "workers and threads as the load column says"
        ceilings = {_ceiling(one): one for one in reversed(own)}
        ceiling = next(iter(ceilings)) if len(ceilings) == 1 else _ceilings([*ceilings.values()][::-1])
        changed = any(one.sweep_axis and one.sweep_axis not in tuple(Axis) for one in own)  # by a setting of its work
        notes.append(f"{contender}: {size}{ceiling}{_hops(cell, changed, servers)}{cannot}")
    return notes


def _hops(cell: CellRecord, changed: bool, servers: Mapping[str, Server]) -> str:
    """How often a request goes from the event loop to a thread: Django around the view, and the view unless swept."""
    contender = Contender.parse(cell.contender)
    server = servers.get(contender.server)
    if server is None or server.interface is not Interface.ASGI or cell.middleware not in tuple(Middleware):
        return ""
    around = server.hops_around(cell.middleware, sync_view=contender.variant.partition("-")[0] == "sync")
    if changed:
        return f"; hops to a thread {around} × around its view"
    hops = around + cell.hops
    inside = "none" if not cell.hops else "all" if not around else str(cell.hops)
    return f"; hops to a thread {hops} ×, {inside} of them in its view" if hops else "; hops to no thread"


def _size(cell: CellRecord) -> str:
    size = f"{cell.workers} worker{'s' * (cell.workers != 1)}"
    return size + (f" × {cell.threads} threads" if cell.threads > 1 else "")


def _ceilings(cells: Sequence[CellRecord]) -> str:
    """Where they differ, each with its first level."""
    told = []
    for cell in cells:
        sustained = sustained_per_s(cell.served_at_once, cell.wait_ms / 1000)
        if sustained and not (cell.rate_per_s is not None and cell.slots is None):
            told.append(f"{sustained:,.0f} ({cell.level})")
    return f"; at most so many requests/s, as it waits: {'; '.join(told)}" if told else ""


def _ceiling(cell: CellRecord) -> str:
    """What the wait allows at most, in the long run; nothing where only the bound of an open loop would limit it."""
    if cell.rate_per_s is not None and cell.slots is None:
        return ""
    sustained = sustained_per_s(cell.served_at_once, cell.wait_ms / 1000)
    return f"; waits at least {cell.wait_ms:g} ms, so at most {sustained:,.0f} requests/s" if sustained else ""
