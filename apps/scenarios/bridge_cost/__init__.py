"""``bridge_cost``: what one way from the loop to a thread and back costs."""
