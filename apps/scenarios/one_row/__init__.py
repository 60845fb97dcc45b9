"""One row by its primary key."""
