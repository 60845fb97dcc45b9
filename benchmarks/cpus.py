"""Which CPU does what during a run: the servers under load never share one with the load (design rule 3)."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class CpuLayout:
    """CPU numbers per role; empty tuples mean that nothing can be pinned here."""

    server: tuple[int, ...]
    generator: tuple[int, ...]
    services: tuple[int, ...]  # PostgreSQL, upstream, and the coordinating command

    @property
    def pinned(self) -> bool:
        return bool(self.server)

    @property
    def load_side(self) -> tuple[tuple[int, ...], ...]:
        """The groups of CPUs that produce load or answer the servers; one that is busy would be what is measured."""
        return tuple(sorted({self.generator, self.services} - {()}))

    def describe(self) -> str:
        if not self.pinned:
            return "not pinned: servers, generator and services share the CPUs, so figures are not representative"
        return (
            f"server on CPU {_numbers(self.server)}, generator on CPU {_numbers(self.generator)}, "
            f"PostgreSQL and upstream on CPU {_numbers(self.services)}"
        )


def _numbers(cpus: tuple[int, ...]) -> str:
    return ",".join(map(str, cpus))


def available_cpus() -> tuple[int, ...]:
    """The CPUs this process may use, where the platform tells (Linux)."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return ()


def lay_out(cpus: tuple[int, ...]) -> CpuLayout:
    """One CPU for the server, one for the generator, the rest for the services; with two they share the second."""
    if len(cpus) < 2:
        return CpuLayout((), (), ())
    first, last = cpus[:1], cpus[-1:]
    return CpuLayout(server=first, generator=last, services=cpus[1:-1] or last)
