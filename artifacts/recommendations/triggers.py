"""Triggers that note which vectors are to be made, in the statement that made them necessary.

So no save waits for a model, no path is forgotten, and what is deleted leaves nothing here.
"""

from chats.triggers import SQLITE_NOW
from eduhu.db import install_triggers

TABLES = {"artifacts", "chats", "messages", "recommendation_vectors", "recommendation_marks"}
_COLUMNS = "source, row_id, due_at"
_AGAIN = "ON CONFLICT (row_id, source) DO UPDATE SET due_at = excluded.due_at"
_NOW = "date_trunc('milliseconds', clock_timestamp())"

_POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION artifacts_vector_due() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recommendation_vectors ({_COLUMNS}) VALUES ('artifact', NEW.id, {_NOW})
        {_AGAIN};
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION messages_vector_due() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO recommendation_vectors ({_COLUMNS})
        SELECT 'chat', chat_id, {_NOW}
        FROM (SELECT chat_id FROM new_rows WHERE role = 'user' GROUP BY chat_id) AS asked
        ORDER BY chat_id
        {_AGAIN};
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION artifacts_vector_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM recommendation_vectors USING old_rows
            WHERE row_id = old_rows.id AND source = 'artifact';
        DELETE FROM recommendation_marks USING old_rows WHERE item_id = old_rows.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION chats_vector_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM recommendation_vectors USING old_rows
            WHERE row_id = old_rows.id AND source = 'chat';
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_vector_due
    AFTER INSERT OR UPDATE OF title, content, kind ON artifacts
    FOR EACH ROW EXECUTE FUNCTION artifacts_vector_due()
    """,
    """
    CREATE OR REPLACE TRIGGER messages_vector_due AFTER INSERT ON messages
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION messages_vector_due()
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_vector_gone AFTER DELETE ON artifacts
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION artifacts_vector_gone()
    """,
    """
    CREATE OR REPLACE TRIGGER chats_vector_gone AFTER DELETE ON chats
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION chats_vector_gone()
    """,
]


def _due(source: str, column: str) -> str:
    return f"""
    INSERT INTO recommendation_vectors ({_COLUMNS}) VALUES ('{source}', NEW.{column}, {SQLITE_NOW})
    {_AGAIN};
    """


_SQLITE_TRIGGERS = {
    "artifacts_vector_due_insert": ("AFTER INSERT ON artifacts", _due("artifact", "id")),
    "artifacts_vector_due_update": (
        "AFTER UPDATE OF title, content, kind ON artifacts", _due("artifact", "id"),
    ),
    "messages_vector_due": (
        "AFTER INSERT ON messages WHEN NEW.role = 'user'", _due("chat", "chat_id"),
    ),
    "artifacts_vector_gone": (
        "AFTER DELETE ON artifacts",
        """
        DELETE FROM recommendation_vectors WHERE row_id = OLD.id AND source = 'artifact';
        DELETE FROM recommendation_marks WHERE item_id = OLD.id;
        """,
    ),
    "chats_vector_gone": (
        "AFTER DELETE ON chats",
        "DELETE FROM recommendation_vectors WHERE row_id = OLD.id AND source = 'chat';",
    ),
}  # fmt: skip
_SQLITE = [
    statement
    for name, (event, body) in _SQLITE_TRIGGERS.items()
    for statement in (
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} {event} BEGIN {body} END",
    )
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    install_triggers(using, TABLES, postgresql=_POSTGRESQL, sqlite=_SQLITE)
