"""How a teacher finds material again, keeps it in order, and lets colleagues read it."""
