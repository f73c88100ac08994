"""What the assistant keeps in mind about classes: only what the teacher said to keep."""
