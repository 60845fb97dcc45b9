"""Which CPU does what."""

from __future__ import annotations

import os

import pytest

from benchmarks.cpus import CpuLayout, available_cpus, lay_out


@pytest.mark.parametrize(
    ("cpus", "layout"),
    [
        ((0, 1), CpuLayout(server=(0,), generator=(1,), services=(1,))),
        ((0, 1, 2), CpuLayout(server=(0,), generator=(2,), services=(1,))),
        ((2, 3, 5, 7, 11), CpuLayout(server=(2,), generator=(11,), services=(3, 5, 7))),
    ],
)
def test_server_generator_and_services_are_kept_apart_as_far_as_cpus_go(
    cpus: tuple[int, ...], layout: CpuLayout
) -> None:
    assert lay_out(cpus) == layout


@pytest.mark.parametrize("count", range(2, 17))
def test_the_server_never_shares_a_cpu_with_the_load(count: int) -> None:
    layout = lay_out(tuple(range(count)))
    assert layout.pinned
    load_side = {cpu for group in layout.load_side for cpu in group}
    assert not set(layout.server) & load_side
    assert {*layout.server, *load_side} == set(range(count))


@pytest.mark.parametrize("cpus", [(), (0,)])
def test_with_fewer_than_two_cpus_nothing_is_pinned_and_the_record_says_so(cpus: tuple[int, ...]) -> None:
    layout = lay_out(cpus)
    assert not layout.pinned
    assert layout.load_side == ()
    assert layout.describe().startswith("not pinned")
    assert "not representative" in layout.describe()


def test_the_load_side_names_a_shared_cpu_once() -> None:
    assert lay_out((0, 1)).load_side == ((1,),)
    assert lay_out((0, 1, 2, 3)).load_side == ((1, 2), (3,))


def test_a_layout_says_who_runs_where() -> None:
    text = lay_out((0, 1, 2, 3)).describe()
    assert text == "server on CPU 0, generator on CPU 3, PostgreSQL and upstream on CPU 1,2"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the platform does not tell")
def test_only_cpus_this_process_may_use_are_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {7, 2, 5})
    assert available_cpus() == (2, 5, 7)


def test_where_the_platform_does_not_tell_no_cpu_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert available_cpus() == ()


@pytest.mark.parametrize(
    ("cpus", "generators", "layout"),
    [
        ((0, 1), 2, CpuLayout(server=(0,), generator=(1,), services=(1,))),
        ((0, 1, 2), 2, CpuLayout(server=(0,), generator=(2,), services=(1,))),
        ((0, 1, 2, 3), 2, CpuLayout(server=(0,), generator=(2, 3), services=(1,))),
        ((0, 1, 2, 3), 9, CpuLayout(server=(0,), generator=(2, 3), services=(1,))),
        ((0, 1, 2, 3, 4, 5), 2, CpuLayout(server=(0,), generator=(4, 5), services=(1, 2, 3))),
    ],
)
def test_each_generator_has_a_cpu_as_far_as_there_are_enough(
    cpus: tuple[int, ...], generators: int, layout: CpuLayout
) -> None:
    assert lay_out(cpus, generators=generators) == layout


def test_a_server_whose_processes_are_asked_about_has_all_cpus_and_nothing_is_apart() -> None:
    layout = lay_out((0, 1, 2, 3)).sharing()
    assert layout == CpuLayout(server=(0, 1, 2, 3), generator=(3,), services=(1, 2), shared=True)
    assert layout.load_side == (), "there is no group whose business would be the load's alone"
    assert layout.describe() == (
        "server on all CPUs (0,1,2,3), since CPUs or processes are what is asked about; "
        "the generator shares CPU 3 with it"
    )


def test_with_one_cpu_there_is_nothing_to_share() -> None:
    assert lay_out((0,)).sharing() == lay_out((0,))
