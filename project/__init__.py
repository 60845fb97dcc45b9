"""The top floor: settings and doors."""
