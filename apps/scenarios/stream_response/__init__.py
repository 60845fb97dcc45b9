"""A response that stays open: ten events, one after the other."""
