"""``slow_io``: one wait, and nothing else."""
