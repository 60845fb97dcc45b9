"""``orm_write``: an order is placed, in one transaction."""
