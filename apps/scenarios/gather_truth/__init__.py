"""``gather_truth``: five things at once, or one after another whatever the code says."""
