"""What cannot be asked for: each check raises with what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from apps.scenarios.contract import Scenario
from apps.scenarios.registry import scenarios
from benchmarks.axes import HOSTING_AXES, Axis, Setting, Sweep, plain
from benchmarks.exceptions import UsageError
from benchmarks.plan import Contender, Plan, choose
from benchmarks.servers.base import Server

LONG_MS = 1000.0
LEAST_ARRIVALS = 20


def known_settings() -> list[str]:
    """Names of all settings that some card has."""
    return list(dict.fromkeys(name for card in scenarios().values() for name in card.settings))


def having(name: str) -> str:
    """The scenarios that have a setting, in words."""
    return ", ".join(card.name for card in scenarios().values() if name in card.settings)


def check_sweep(sweep: Sweep, cards: Sequence[Scenario]) -> None:
    """Raises UsageError for a sweep over what a scenario does not have, or beyond what it may be set to."""
    choose("axis to sweep", sweep.axis, [*HOSTING_AXES, *known_settings()])
    for card in cards:
        setting = card.settings.get(sweep.axis)
        if setting is None and sweep.axis == Axis.WAIT:
            raise UsageError(
                f"{card.name} does not wait, so there is no wait to sweep", hint=f"scenarios that do: {having('wait')}"
            )
        if setting is None:
            raise UsageError(
                f"{card.name} has no setting {sweep.axis!r} to sweep",
                hint=f"scenarios that have: {having(sweep.axis)}",
            )
        for value in sweep.values:
            check_value(card, setting, value)


def check_settings(settings: Mapping[str, float], cards: Sequence[Scenario]) -> None:
    """Raises UsageError for a setting that no scenario of the run has, or a value that one may not be set to."""
    for name, value in settings.items():
        choose("setting", name, known_settings())
        owners = [card for card in cards if name in card.settings]
        if not owners:
            raise UsageError(
                f"--set {name}={plain(value)} changes nothing here: no scenario of this run has it",
                hint=f"scenarios that have: {having(name)}",
            )
        for card in owners:
            check_value(card, card.settings[name], value)


def check_value(card: Scenario, setting: Setting, value: float) -> None:
    """Raises UsageError for a value that every variant would answer with 400."""
    if setting.name == Axis.WAIT and value > setting.most:
        raise UsageError(
            f"{card.name} can wait {setting.most:g} ms at most, not {value:g}",
            hint="its answer has a deadline of its own" if setting.most < LONG_MS else "ask for less",
        )
    if not setting.least <= value <= setting.most:
        raise UsageError(
            f"{card.name}'s {setting.name} cannot be {plain(value)}",
            hint=f"it goes from {plain(setting.least)} to {plain(setting.most)}",
        )


def check_arrivals(plan: Plan) -> None:
    """Raises UsageError when a window of an open loop would hold too few arrivals to say anything."""
    for rate_per_s in plan.rates_per_s:
        if rate_per_s * plan.duration_s < LEAST_ARRIVALS:
            raise UsageError(
                f"--rate {plain(rate_per_s)} for {plan.duration_s:g} s is less than {LEAST_ARRIVALS} arrivals a round",
                hint=f"measure longer, with --duration {LEAST_ARRIVALS / rate_per_s:.3g} or more",
            )


def check_settable(axis: str, option: str, contenders: Sequence[Contender], servers: Mapping[str, Server]) -> None:
    """Raises UsageError when an option is about what none of the contenders' servers can set."""
    if not any(axis in servers[contender.server].settable for contender in contenders):
        able = ", ".join(sorted(name for name, server in servers.items() if axis in server.settable))
        raise UsageError(
            f"{option} changes nothing here: no contender's server has {axis} to set",
            hint=f"servers that have: {able}",
        )


def check_timeout(plan: Plan) -> None:
    """Raises UsageError when requests would be given up before they can have been answered."""
    for workload in plan.workloads:
        for cell in plan.runnable(workload):
            least_s = workload.least_ms(cell.contender.variant, cell.point) / 1000
            if least_s >= plan.timeout_s:
                raise UsageError(
                    f"{cell.scenario}'s {cell.contender.variant} waits {least_s:g} s by itself, "
                    f"so no answer can come within --timeout {plan.timeout_s:g}",
                    hint=f"give it several times that, like --timeout {5 * least_s:g}",
                )


def check_contender(contender: Contender, cards: Sequence[Scenario], servers: Mapping[str, Server]) -> None:
    """Raises UsageError when the server cannot host the variant, or is not installed."""
    server = servers[choose("server", contender.server, servers)]
    known = {variant.name for card in cards for variant in card.variants}
    choose("variant", contender.variant, known)
    hosts = [
        card for card in cards if (found := card.variant(contender.variant)) and server.interface in found.interfaces
    ]
    if not hosts:
        fitting = sorted(name for name, other in servers.items() if _fits(contender.variant, cards, other))
        raise UsageError(
            f"{contender}: {contender.server} speaks {server.interface}, the variant {contender.variant} does not",
            hint=f"servers for {contender.variant}: {', '.join(fitting)}",
        )
    if missing := server.missing():
        raise UsageError(f"{contender}: {', '.join(missing)} is not installed", hint=f"run: {server.pip_line}")


def _fits(variant: str, cards: Sequence[Scenario], server: Server) -> bool:
    return any(server.interface in found.interfaces for card in cards if (found := card.variant(variant)))
