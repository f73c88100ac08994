"""Django's PostgreSQL backend, with a pool that tells a busy server from one that is away."""
