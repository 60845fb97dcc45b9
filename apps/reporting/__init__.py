"""A run as something to look at: charts, tables, and one HTML file. Pages and exports show the same."""
