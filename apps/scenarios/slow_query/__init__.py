"""``slow_query``: the database takes its time."""
