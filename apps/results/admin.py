"""The admin: look at stored runs, delete them; nothing here can be edited, since it was measured."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.results.models import Cell, Run


class ReadOnly(admin.options.BaseModelAdmin):  # type: ignore[type-arg]
    """Neither added nor changed by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CellInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Cell
    fields = (
        "scenario",
        "contender",
        "level",
        "state",
        "reason",
    )
    extra = 0


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "id",
        "state",
        "started_at",
        "wall_s",
        "seed",
        "reason",
    )
    list_filter = ("state",)
    inlines = (CellInline,)
