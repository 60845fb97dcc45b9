"""``middleware_tax``: what stands before every view, and how often it changes threads."""
