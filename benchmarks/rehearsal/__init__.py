"""The next version of the schema, as a rehearsal: how to change big tables while all serve."""
