"""The reports' Django app: templates, static files, template tags."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "apps.reporting"
