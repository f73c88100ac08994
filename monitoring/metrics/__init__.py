"""`/metrics`: what all processes have counted, and what is looked up when somebody asks."""
