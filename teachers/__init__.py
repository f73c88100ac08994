"""Who is asking: teachers, their tokens and their preferences."""
