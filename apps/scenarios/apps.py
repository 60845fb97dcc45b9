"""The scenarios' Django app: registers the checks."""

from django.apps import AppConfig


class ScenariosConfig(AppConfig):
    name = "apps.scenarios"

    def ready(self) -> None:
        from apps.scenarios import checks  # noqa: F401 - registers itself
