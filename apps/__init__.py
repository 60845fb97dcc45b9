"""The middle floor: Django apps. They import the harness below them, never the project above."""
