"""Run, Cell, Round: what was measured, kept as it came in, so that an end by force loses nothing."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
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
    watched = models.BooleanField(default=False)  # a race of the pages: short, and with lookers-on
    schema = models.PositiveIntegerField()
    command_host = models.CharField(max_length=255)
    command_pid = models.PositiveIntegerField()
    command_started = models.FloatField()  # seconds since the epoch; a pid alone may be somebody else's by now

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]  # newest first, also when an older one was imported later
        permissions: ClassVar = [("start_run", "Can start a run from the pages")]

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
        indexes: ClassVar = [models.Index(fields=["scenario", "run"], name="runs_of_a_scenario")]

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


class StoredReport(models.Model):
    """What pages show of one scenario of a finished run; of the run as a whole (its claims) where there is none.

    It can be thrown away: it is computed again from the rounds. ``version`` is that of the code that computed it.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reports")
    scenario = models.CharField(max_length=100, blank=True)
    version = models.CharField(max_length=32)
    headline = models.JSONField()  # what the overview shows, apart, since it reads many
    content = models.JSONField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "scenario"], name="one_report_per_scenario")]

    def __str__(self) -> str:
        return f"report of {self.scenario or 'claims'}, run {self.run_id}"


class StoredGist(models.Model):
    """A finished run's cells as comparisons ask for them, without any histogram; it can be thrown away, too."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="gist")
    version = models.CharField(max_length=32)
    cells = models.JSONField()

    def __str__(self) -> str:
        return f"gist of run {self.run_id}"


class StoredComparison(models.Model):
    """Two finished runs beside each other, as pages show it; like a report it can be thrown away."""

    earlier = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    later = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=32)
    content = models.JSONField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["earlier", "later"], name="one_comparison_per_pair")]

    def __str__(self) -> str:
        return f"runs {self.earlier_id} and {self.later_id}"


class Race(models.Model):
    """A run that was started from the pages, as a child process, and can be watched by anybody while it goes on."""

    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    asked = models.JSONField()  # scenario, contenders, concurrency, rounds: names of the registry, clamped numbers
    began_at = models.DateTimeField(auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(null=True, default=True)  # True or nothing, so that there can be one at most
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True)  # as soon as it has begun
    command_host = models.CharField(max_length=255, blank=True)
    command_pid = models.PositiveIntegerField(default=0)
    command_started = models.FloatField(default=0.0)
    error = models.TextField(blank=True)  # what the command said at its end, unless all was well

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["active"], name="one_race_at_a_time")]

    def __str__(self) -> str:
        return f"race {self.pk}"


class RaceEvent(models.Model):
    """What happened in a race, in the order of its key: whoever knows the last one he saw can catch up."""

    race = models.ForeignKey(Race, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20)
    content = models.JSONField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} of race {self.race_id}"
