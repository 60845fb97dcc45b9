"""The Django app, without models: it registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register


class FastlaneConfig(AppConfig):
    name = __package__  # "crossover_fastlane" where it was installed
    label = "fastlane"

    def ready(self) -> None:
        from . import checks

        for check in checks.CHECKS:
            register(check, "fastlane", Tags.async_support)
