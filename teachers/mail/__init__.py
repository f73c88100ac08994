"""E-mails to teachers: noted with what they tell of, sent once, and only while they are wanted."""
