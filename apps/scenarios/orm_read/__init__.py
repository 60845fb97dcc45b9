"""A page out of the database."""
