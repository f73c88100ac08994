"""Alerts: what operators must know of, told once, and taken back when it is over."""
