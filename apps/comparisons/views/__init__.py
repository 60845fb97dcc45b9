"""The pages, one module for each kind: thin, what they show is computed elsewhere."""
