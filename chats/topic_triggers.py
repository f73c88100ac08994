"""Triggers that let each question wait for its topics, in the statement that stores it.

So a turn takes no statement more, and what is imported is judged as well. What has
topics already keeps them. With its message or chat, such a row goes.
"""

from chats.triggers import SQLITE_NOW
from eduhu.db import install_triggers

_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION messages_wait_for_topics() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO message_topics (message_id, due_at, topic, source, version)
        SELECT id, date_trunc('milliseconds', clock_timestamp()), '', '', '' FROM new_rows
        WHERE role = 'user' AND educational_topics = '[]'
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION messages_forget_topics() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM message_topics USING old_rows WHERE message_topics.message_id = old_rows.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION chats_forget_topic() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM chat_topics USING old_rows WHERE chat_topics.chat_id = old_rows.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER messages_untagged AFTER INSERT ON messages
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION messages_wait_for_topics()
    """,
    """
    CREATE OR REPLACE TRIGGER messages_topics_gone AFTER DELETE ON messages
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION messages_forget_topics()
    """,
    """
    CREATE OR REPLACE TRIGGER chats_topic_gone AFTER DELETE ON chats
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION chats_forget_topic()
    """,
]

_SQLITE = [
    "DROP TRIGGER IF EXISTS messages_untagged",
    "DROP TRIGGER IF EXISTS messages_topics_gone",
    "DROP TRIGGER IF EXISTS chats_topic_gone",
    f"""
    CREATE TRIGGER messages_untagged AFTER INSERT ON messages
    WHEN NEW.role = 'user' AND NEW.educational_topics = '[]'
    BEGIN
        INSERT OR IGNORE INTO message_topics (message_id, due_at, topic, source, version)
        VALUES (NEW.id, {SQLITE_NOW}, '', '', '');
    END
    """,
    """
    CREATE TRIGGER messages_topics_gone AFTER DELETE ON messages BEGIN
        DELETE FROM message_topics WHERE message_id = OLD.id;
    END
    """,
    """
    CREATE TRIGGER chats_topic_gone AFTER DELETE ON chats BEGIN
        DELETE FROM chat_topics WHERE chat_id = OLD.id;
    END
    """,
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    install_triggers(using, ["message_topics"], postgresql=_POSTGRESQL, sqlite=_SQLITE)
