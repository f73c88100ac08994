"""Rows as a school year leaves them, in any number, for load tests."""
