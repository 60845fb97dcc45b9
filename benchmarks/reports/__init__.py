"""What people read: a run as tables and sentences."""
