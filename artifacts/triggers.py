"""The rule a foreign key cannot say: an artifact's message belongs to the artifact's chat."""

from django.db import connections

from eduhu.db import run_statements

_OTHER_CHAT = """
    NEW.message_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM messages WHERE id = NEW.message_id AND chat_id = NEW.chat_id)
"""

_POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION artifacts_same_chat() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {_OTHER_CHAT} THEN
            RAISE EXCEPTION 'the message of an artifact must be in the same chat'
                USING ERRCODE = 'integrity_constraint_violation',
                    CONSTRAINT = 'artifacts_same_chat';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_same_chat
    BEFORE INSERT OR UPDATE OF message_id, chat_id ON artifacts
    FOR EACH ROW EXECUTE FUNCTION artifacts_same_chat()
    """,
]

_SQLITE = [
    "DROP TRIGGER IF EXISTS artifacts_same_chat_insert",
    "DROP TRIGGER IF EXISTS artifacts_same_chat_update",
    *(
        f"""
        CREATE TRIGGER artifacts_same_chat_{name} BEFORE {event} ON artifacts
        WHEN {_OTHER_CHAT} BEGIN
            SELECT RAISE(ABORT, 'CHECK constraint failed: artifacts_same_chat');
        END
        """
        for name, event in (("insert", "INSERT"), ("update", "UPDATE OF message_id, chat_id"))
    ),
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    connection = connections[using]
    if not {"messages", "artifacts"} <= set(connection.introspection.table_names()):
        return
    run_statements(connection, _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE)
