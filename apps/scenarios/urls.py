"""The URLs of a server under load: the scenarios and nothing else."""

from apps.scenarios.routes import django_urls

urlpatterns = django_urls()
