"""Which CPU does what during a run: the servers under load never share one with the load (design rule 3)."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class CpuLayout:
    """CPU numbers per role; empty tuples mean that nothing can be pinned here."""

    server: tuple[int, ...]
    generator: tuple[int, ...]
    services: tuple[int, ...]  # PostgreSQL, upstream, and the coordinating command
    shared: bool = False  # the server has all CPUs, the others' too

    @property
    def pinned(self) -> bool:
        return bool(self.server)

    @property
    def load_side(self) -> tuple[tuple[int, ...], ...]:
        """The groups of CPUs that produce load or answer the servers; one that is busy would be what is measured."""
        return () if self.shared else tuple(sorted({self.generator, self.services} - {()}))

    def sharing(self) -> CpuLayout:
        """The same with all CPUs for the server, where the CPU or its number of processes is what is asked about."""
        if not self.pinned:
            return self
        everything = tuple(sorted({*self.server, *self.generator, *self.services}))
        return replace(self, server=everything, shared=True)

    def describe(self) -> str:
        if not self.pinned:
            return "not pinned: servers, generator and services share the CPUs, so figures are not representative"
        if self.shared:
            return (
                f"server on all CPUs ({_numbers(self.server)}), since CPUs or processes are what is asked about; "
                f"the generator shares CPU {_numbers(self.generator)} with it"
            )
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


def lay_out(cpus: tuple[int, ...], *, generators: int = 1) -> CpuLayout:
    """One CPU for the server, one for each generator, the rest for the services.

    With two CPUs generators and services share the second; with too few for all generators they share the last ones.
    """
    if len(cpus) < 2:
        return CpuLayout((), (), ())
    taken = min(generators, max(1, len(cpus) - 2))
    last = cpus[-taken:]
    return CpuLayout(server=cpus[:1], generator=last, services=cpus[1:-taken] or last)
