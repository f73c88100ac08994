"""The cache tiers: process memory over a cache that all processes share."""
