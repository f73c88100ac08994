"""Tables with triggers of other tables can be changed."""

from typing import Any, Self

from django.db.backends.sqlite3 import schema


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Renames a remade table as SQLite did of old: without a look at all triggers.

    Django makes a table anew, drops the old one and renames the new one. Between both, a
    trigger of another table names one that is not there, and the rename would be refused
    (https://sqlite.org/lang_altertable.html#alttabrename). The triggers of the table
    itself are gone with it; `post_migrate` puts them back.
    """

    def __enter__(self) -> Self:
        self._set_legacy("ON")
        return super().__enter__()

    def __exit__(self, *failure: Any) -> None:
        try:
            super().__exit__(*failure)
        finally:
            self._set_legacy("OFF")

    def _set_legacy(self, value: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"PRAGMA legacy_alter_table = {value}")
