"""Who of the staff did what: one row for each action in the admin, which nobody takes back."""
