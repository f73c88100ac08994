"""Triggers that keep `chats.message_count` and `chats.updated_at` true on both engines.

`updated_at` is never before the last message, so that whoever holds the chat's lock
knows the next time from its row. Installed after every migrate: SQLite silently
drops the triggers of a table it rebuilds. On PostgreSQL one statement costs one
update per chat, however many rows it brings.
"""

from django.db import connections

from eduhu.db import run_statements

_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION chats_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE chats SET message_count = message_count + added.n,
            updated_at = greatest(updated_at, added.latest,
                date_trunc('milliseconds', clock_timestamp()))
        FROM (SELECT chat_id, count(*) AS n, max("timestamp") AS latest
            FROM new_rows GROUP BY chat_id) AS added
        WHERE chats.id = added.chat_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION chats_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE chats SET message_count = message_count - removed.n
        FROM (SELECT chat_id, count(*) AS n FROM old_rows GROUP BY chat_id) AS removed
        WHERE chats.id = removed.chat_id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION chats_touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.updated_at := greatest(
            OLD.updated_at + interval '1 millisecond',
            date_trunc('milliseconds', clock_timestamp()));
        RETURN NEW;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER messages_added AFTER INSERT ON messages
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION chats_count_added()
    """,
    """
    CREATE OR REPLACE TRIGGER messages_removed AFTER DELETE ON messages
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION chats_count_removed()
    """,
    """
    CREATE OR REPLACE TRIGGER chats_touched BEFORE UPDATE ON chats FOR EACH ROW
    WHEN ((OLD.title, OLD.topic_category, OLD.is_archived)
        IS DISTINCT FROM (NEW.title, NEW.topic_category, NEW.is_archived))
    EXECUTE FUNCTION chats_touch()
    """,
]

# Django stores no fraction for a whole second, and keyset pages compare the text.
_FORMAT = "'%Y-%m-%d %H:%M:%f'"
SQLITE_NOW = f"replace(strftime({_FORMAT}, 'now') || '000', '.000000', '')"
_SQLITE_NEXT = (
    f"replace(max(strftime({_FORMAT}, updated_at, '+0.001 seconds'),"
    f" strftime({_FORMAT}, 'now')) || '000', '.000000', '')"
)

_SQLITE = [
    "DROP TRIGGER IF EXISTS messages_added",
    "DROP TRIGGER IF EXISTS messages_removed",
    "DROP TRIGGER IF EXISTS chats_touched",
    f"""
    CREATE TRIGGER messages_added AFTER INSERT ON messages BEGIN
        UPDATE chats SET message_count = message_count + 1,
            updated_at = max(updated_at, NEW."timestamp", {SQLITE_NOW}) WHERE id = NEW.chat_id;
    END
    """,
    """
    CREATE TRIGGER messages_removed AFTER DELETE ON messages BEGIN
        UPDATE chats SET message_count = message_count - 1 WHERE id = OLD.chat_id;
    END
    """,
    f"""
    CREATE TRIGGER chats_touched AFTER UPDATE OF title, topic_category, is_archived ON chats
    WHEN OLD.title IS NOT NEW.title OR OLD.topic_category IS NOT NEW.topic_category
        OR OLD.is_archived IS NOT NEW.is_archived
    BEGIN
        UPDATE chats SET updated_at = {_SQLITE_NEXT} WHERE id = NEW.id;
    END
    """,
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    connection = connections[using]
    if "messages" not in connection.introspection.table_names():
        return
    run_statements(connection, _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE)
