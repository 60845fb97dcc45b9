"""The bookshop all scenarios share."""
