"""What scenarios talk to: PostgreSQL and the upstream microservices."""
