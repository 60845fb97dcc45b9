"""Run, Cell, Round: what was measured, kept as it came in, so that an end by force loses nothing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from benchmarks.record import State

STATES = [(state.value, state.value) for state in State]


class Run(models.Model):
    state = models.CharField(max_length=20, choices=STATES, default=State.RUNNING)
    reason = models.TextField(blank=True)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    wall_s = models.FloatField(default=0.0)
    seed = models.BigIntegerField()
    options = models.JSONField()
    scenarios = models.JSONField()
    environment = models.JSONField()
    notes = models.JSONField(default=list)
    schema = models.PositiveIntegerField()
    command_host = models.CharField(max_length=255)
    command_pid = models.PositiveIntegerField()
    command_started = models.FloatField()  # seconds since the epoch; a pid alone may be somebody else's by now

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"


class Cell(models.Model):
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="cells")
    scenario = models.CharField(max_length=100)
    contender = models.CharField(max_length=200)
    level = models.CharField(max_length=200)  # in words, with the point of a sweep: "32 connections, wait 5 ms"
    state = models.CharField(max_length=20, choices=STATES)
    reason = models.TextField(blank=True)
    hosting = models.JSONField()  # load, command, workers, threads, what it cannot do, what was verified, flags

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "scenario", "contender", "level"], name="one_cell_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.scenario} {self.contender} {self.level}"


class Round(models.Model):
    cell = models.ForeignKey(Cell, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=STATES)
    reason = models.TextField(blank=True)
    load = models.JSONField(null=True)
    usage = models.JSONField()
    load_side_busy = models.FloatField(null=True)
    more = models.JSONField(default=dict)  # what later schemas added

    class Meta:
        ordering: ClassVar = ["number", "position"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["cell", "number"], name="one_round_per_number")]

    def __str__(self) -> str:
        return f"round {self.number} of {self.cell}"
