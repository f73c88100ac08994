"""Backups in InstantDB's own format: restored into our tables, and written from them."""
