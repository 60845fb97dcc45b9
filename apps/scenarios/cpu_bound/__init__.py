"""``cpu_bound``: ten milliseconds of Python, and no wait."""
