"""Replies that live longer than the connection that asked for them."""
