"""One blocking call among a hundred requests."""
