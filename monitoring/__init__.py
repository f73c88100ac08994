"""What operators see: health, metrics, alerts. Imports everything; nothing imports it."""
