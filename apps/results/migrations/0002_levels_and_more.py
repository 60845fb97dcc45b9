"""Cells are told apart by their load level in words; rounds have room for what later schemas add."""

from django.db import migrations, models


def name_levels(apps, schema_editor):
    Cell = apps.get_model("results", "Cell")
    for cell in Cell.objects.only("pk", "concurrency", "hosting").iterator():
        cell.level = f"{cell.concurrency} connection{'s' * (cell.concurrency != 1)}"
        cell.hosting["concurrency"] = cell.concurrency
        cell.save(update_fields=["level", "hosting"])


class Migration(migrations.Migration):
    dependencies = [("results", "0001_initial")]

    operations = [
        migrations.AddField("cell", "level", models.CharField(default="", max_length=200), preserve_default=False),
        migrations.AddField("round", "more", models.JSONField(default=dict)),
        migrations.RunPython(name_levels, migrations.RunPython.noop),
        migrations.RemoveConstraint("cell", "one_cell_per_key"),
        migrations.RemoveField("cell", "concurrency"),
        migrations.RemoveField("cell", "histogram"),  # the sum of its rounds', which have theirs
        migrations.AddConstraint(
            "cell", models.UniqueConstraint(fields=("run", "scenario", "contender", "level"), name="one_cell_per_key")
        ),
    ]
