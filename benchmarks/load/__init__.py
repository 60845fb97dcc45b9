"""The load generator: a process of its own that drives requests and checks every answer."""
