"""Where replies come from: one small protocol, and the services that speak it."""
