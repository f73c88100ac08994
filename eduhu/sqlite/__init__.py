"""Django's SQLite backend, with writers of one process that take turns."""
