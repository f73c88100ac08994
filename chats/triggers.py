"""Triggers that keep `chats.message_count` and `chats.updated_at` true on both engines,
and note what each attempt at a reply has cost, without a statement more.

`updated_at` is never before the last message, so that whoever holds the chat's lock
knows the next time from its row. Installed after every migrate: SQLite silently
drops the triggers of a table it rebuilds. On PostgreSQL one statement costs one
update per chat, however many rows it brings.
"""

from eduhu.db import install_triggers

_COLUMNS = (
    "teacher_id, reply_id, attempt, ended_at, state, model, provider, is_estimated,"
    " prompt_price, completion_price, prompt_tokens, completion_tokens"
)
# A reply sums up its attempts, an entry is one of them.
_SPENT = (
    "NEW.teacher_id, NEW.id, NEW.attempt, NEW.ended_at, NEW.state, NEW.model, NEW.provider,"
    " NEW.usage_estimated, NEW.prompt_price, NEW.completion_price,"
    " {max}(coalesce(NEW.prompt_tokens, 0) - coalesce(OLD.prompt_tokens, 0), 0),"
    " {max}(coalesce(NEW.completion_tokens, 0) - coalesce(OLD.completion_tokens, 0), 0)"
)
# Who is stopped in the queue has cost nothing.
_ENDED = (
    "OLD.state = 'streaming' AND NEW.state NOT IN ('queued', 'streaming')"
    " AND NEW.ended_at IS NOT NULL"
)

_USAGE_POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION replies_note_usage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO usage_entries ({_COLUMNS}) VALUES ({_SPENT.format(max="greatest")})
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE TRIGGER replies_ended AFTER UPDATE OF state ON replies FOR EACH ROW
    WHEN ({_ENDED}) EXECUTE FUNCTION replies_note_usage()
    """,
]

_USAGE_SQLITE = [
    "DROP TRIGGER IF EXISTS replies_ended",
    f"""
    CREATE TRIGGER replies_ended AFTER UPDATE OF state ON replies WHEN {_ENDED} BEGIN
        INSERT OR IGNORE INTO usage_entries ({_COLUMNS}) VALUES ({_SPENT.format(max="max")});
    END
    """,
]

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
    install_triggers(using, ["messages"], postgresql=_POSTGRESQL, sqlite=_SQLITE)
    install_triggers(using, ["usage_entries"], postgresql=_USAGE_POSTGRESQL, sqlite=_USAGE_SQLITE)
