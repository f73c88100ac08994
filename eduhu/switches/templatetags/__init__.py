"""Tags of the admin."""
