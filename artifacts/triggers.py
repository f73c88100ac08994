"""What the database itself does for artifacts, on every path that writes.

It refuses a message of another chat, which no foreign key can say. And it keeps what
an artifact was, the last 50 times: no write of title, content or kind without a version.
"""

from chats.triggers import SQLITE_NOW
from eduhu.db import install_triggers

_OTHER_CHAT = """
    NEW.message_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM messages WHERE id = NEW.message_id AND chat_id = NEW.chat_id)
"""

_COLUMNS = "artifact_id, revision, title, content, kind, created_at"
_OLD = (
    "OLD.id, OLD.revision, OLD.title, OLD.content, OLD.kind,"
    " coalesce(OLD.changed_at, OLD.created_at)"
)
VERSIONS_KEPT = 50
_FORGET = (
    "DELETE FROM artifact_versions"
    f" WHERE artifact_id = OLD.id AND revision <= OLD.revision - {VERSIONS_KEPT}"
)

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
    f"""
    CREATE OR REPLACE FUNCTION artifacts_versioned() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO artifact_versions ({_COLUMNS}) VALUES ({_OLD});
        {_FORGET};
        NEW.revision := OLD.revision + 1;
        NEW.changed_at := date_trunc('milliseconds', clock_timestamp());
        RETURN NEW;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_versioned BEFORE UPDATE ON artifacts FOR EACH ROW
    WHEN ((OLD.title, OLD.content, OLD.kind) IS DISTINCT FROM (NEW.title, NEW.content, NEW.kind))
    EXECUTE FUNCTION artifacts_versioned()
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
    "DROP TRIGGER IF EXISTS artifacts_versioned",
    f"""
    CREATE TRIGGER artifacts_versioned AFTER UPDATE OF title, content, kind ON artifacts
    WHEN OLD.title IS NOT NEW.title OR OLD.content IS NOT NEW.content
        OR OLD.kind IS NOT NEW.kind
    BEGIN
        INSERT INTO artifact_versions ({_COLUMNS}) VALUES ({_OLD});
        {_FORGET};
        UPDATE artifacts SET revision = OLD.revision + 1, changed_at = {SQLITE_NOW}
            WHERE id = NEW.id;
    END
    """,
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    tables = ("messages", "artifacts", "artifact_versions")
    install_triggers(using, tables, postgresql=_POSTGRESQL, sqlite=_SQLITE)
