"""What is searched, kept by the database on every path that writes messages, chats, artifacts.

PostgreSQL stems the words in German and in English. The owner is a lexeme of each vector,
so that the GIN index itself finds the words of one teacher only. SQLite has the words as
they are in an FTS5 table over `search_entries`; the owner is one of its columns.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from eduhu.db import install_triggers

TABLES = {"messages", "chats", "artifacts", "search_entries"}
SEARCHED = 50_000  # characters; what stands behind them is not found
# Same letters on both sides, whatever the locale of the database does to them.
_FOLDED = {
    "ä": "a", "ö": "o", "ü": "u", "Ä": "a", "Ö": "o", "Ü": "u", "ß": "ss", "é": "e", "è": "e",
    "ê": "e", "á": "a", "à": "a", "ç": "c", "ñ": "n",
}  # fmt: skip
# The parser would take them for paths, addresses and numbers.
_SEPARATORS = "/-_.:@"


def _folded(text: str) -> str:
    text = f"left({text}, {SEARCHED})"
    for letter, plain in (_FOLDED | dict.fromkeys(_SEPARATORS, " ")).items():
        text = f"replace({text}, '{letter}', '{plain}')"
    return text


# --- PostgreSQL ----------------------------------------------------------------------------

_COLUMNS = "source, row_id, chat_id, teacher_id, vector"
_MESSAGES = """
    SELECT 'message', it.id, it.chat_id, chats.teacher_id,
        search_vector(chats.teacher_id, '', it.content)
    FROM {rows} it JOIN chats ON chats.id = it.chat_id
"""
_CHATS = """
    SELECT 'chat', it.id, it.id, it.teacher_id, search_vector(it.teacher_id, it.title, '')
    FROM {rows} it
"""
_ARTIFACTS = """
    SELECT 'artifact', it.id, it.chat_id, it.teacher_id,
        search_vector(it.teacher_id, it.title, artifacts_words(it.kind, it.content))
    FROM {rows} it
"""


def _keep(select: str, rows: str, where: str = "") -> str:
    return f"""
        INSERT INTO search_entries ({_COLUMNS}) {select.format(rows=rows)} {where}
        ON CONFLICT (row_id, source) DO UPDATE SET chat_id = EXCLUDED.chat_id,
            teacher_id = EXCLUDED.teacher_id, vector = EXCLUDED.vector
    """


def _function(name: str, body: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {body}; RETURN NULL; END $$
    """


def _removing(table: str, source: str) -> list[str]:
    body = (
        f"DELETE FROM search_entries WHERE source = '{source}'"
        " AND row_id IN (SELECT id FROM old_rows)"
    )
    return [
        _function(f"search_{table}_gone", body),
        f"""
        CREATE OR REPLACE TRIGGER search_gone AFTER DELETE ON {table}
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION search_{table}_gone()
        """,
    ]


_POSTGRESQL = [
    f"""
    CREATE OR REPLACE FUNCTION search_folded(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT {_folded("lower(words)")} $$
    """,
    # What only English stems has no places: they would count each word twice.
    """
    CREATE OR REPLACE FUNCTION search_vector(owner uuid, title text, body text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        head text := search_folded(title);
        words text := search_folded(body);
    BEGIN
        RETURN array_to_tsvector(ARRAY['@' || coalesce(owner::text, '')])
            || setweight(to_tsvector('pg_catalog.german', head), 'A')
            || to_tsvector('pg_catalog.german', words)
            || strip(to_tsvector('pg_catalog.english', head || ' ' || words));
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION artifacts_words(kind text, content text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE document jsonb := artifacts_document(kind, content);
    BEGIN
        RETURN CASE WHEN document IS NULL THEN content ELSE (
            SELECT coalesce(string_agg(part #>> '{}', ' '), '')
            FROM jsonb_path_query(document, 'strict $.**') part
            WHERE jsonb_typeof(part) = 'string') END;
    END $$
    """,
    _function("search_messages_added", _keep(_MESSAGES, "new_rows")),
    """
    CREATE OR REPLACE TRIGGER search_added AFTER INSERT ON messages
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION search_messages_added()
    """,
    _function("search_messages_changed", _keep(_MESSAGES, "messages", "WHERE it.id = NEW.id")),
    """
    CREATE OR REPLACE TRIGGER search_changed AFTER UPDATE OF content, chat_id ON messages
    FOR EACH ROW WHEN ((OLD.content, OLD.chat_id) IS DISTINCT FROM (NEW.content, NEW.chat_id))
    EXECUTE FUNCTION search_messages_changed()
    """,
    _function("search_chats_added", _keep(_CHATS, "new_rows")),
    """
    CREATE OR REPLACE TRIGGER search_added AFTER INSERT ON chats
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION search_chats_added()
    """,
    _function(
        "search_chats_changed",
        f"""
        {_keep(_CHATS, "chats", "WHERE it.id = NEW.id")};
        IF OLD.teacher_id IS DISTINCT FROM NEW.teacher_id THEN
            {_keep(_MESSAGES, "messages", "WHERE it.chat_id = NEW.id")};
        END IF
        """,
    ),
    """
    CREATE OR REPLACE TRIGGER search_changed AFTER UPDATE OF title, teacher_id ON chats
    FOR EACH ROW WHEN ((OLD.title, OLD.teacher_id) IS DISTINCT FROM (NEW.title, NEW.teacher_id))
    EXECUTE FUNCTION search_chats_changed()
    """,
    _function("search_artifacts_changed", _keep(_ARTIFACTS, "artifacts", "WHERE it.id = NEW.id")),
    """
    CREATE OR REPLACE TRIGGER search_changed
    AFTER INSERT OR UPDATE OF title, content, kind, teacher_id, chat_id ON artifacts
    FOR EACH ROW EXECUTE FUNCTION search_artifacts_changed()
    """,
    *_removing("messages", "message"),
    *_removing("chats", "chat"),
    *_removing("artifacts", "artifact"),
]

# --- SQLite --------------------------------------------------------------------------------

_SQLITE_COLUMNS = "source, row_id, chat_id, teacher_id, title, body"


def _plain(text: str) -> str:
    # Case and accents are FTS5's own business; this letter it does not know.
    return f"replace(substr({text}, 1, {SEARCHED}), 'ß', 'ss')"


_SQLITE_MESSAGES = f"""
    SELECT 'message', it.id, it.chat_id, chats.teacher_id, '', {_plain("it.content")}
    FROM messages it JOIN chats ON chats.id = it.chat_id
"""
_SQLITE_CHATS = f"""
    SELECT 'chat', it.id, it.id, it.teacher_id, {_plain("it.title")}, '' FROM chats it
"""
_SQLITE_ARTIFACTS = f"""
    SELECT 'artifact', it.id, it.chat_id, it.teacher_id, {_plain("it.title")},
        CASE WHEN it.kind <> 'text' AND json_valid(it.content) THEN coalesce((
            SELECT {_plain("group_concat(atom, ' ')")}
            FROM json_tree(it.content) WHERE type = 'text'), '')
        ELSE {_plain("it.content")} END
    FROM artifacts it
"""


def _sqlite_keep(select: str, where: str) -> str:
    return f"""
        INSERT INTO search_entries ({_SQLITE_COLUMNS}) {select} WHERE {where}
        ON CONFLICT (row_id, source) DO UPDATE SET chat_id = excluded.chat_id,
            teacher_id = excluded.teacher_id, title = excluded.title, body = excluded.body;
    """


def _sqlite_trigger(name: str, event: str, body: str) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} AFTER {event} BEGIN {body} END",
    ]


_INTO = "INSERT INTO search_words (rowid, teacher_id, title, body) VALUES"
_OUT_OF = "INSERT INTO search_words (search_words, rowid, teacher_id, title, body) VALUES"
_ADD = f"{_INTO} (NEW.id, NEW.teacher_id, NEW.title, NEW.body);"
_REMOVE = f"{_OUT_OF} ('delete', OLD.id, OLD.teacher_id, OLD.title, OLD.body);"
_SQLITE = [
    """
    CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5(
        teacher_id, title, body, content='search_entries', content_rowid='id', prefix='3 4',
        tokenize='unicode61 remove_diacritics 2')
    """,
    *_sqlite_trigger("search_words_added", "INSERT ON search_entries", _ADD),
    *_sqlite_trigger("search_words_gone", "DELETE ON search_entries", _REMOVE),
    *_sqlite_trigger("search_words_changed", "UPDATE ON search_entries", _REMOVE + _ADD),
    *_sqlite_trigger(
        "search_messages_added", "INSERT ON messages",
        _sqlite_keep(_SQLITE_MESSAGES, "it.id = NEW.id"),
    ),
    *_sqlite_trigger(
        "search_messages_changed", "UPDATE OF content, chat_id ON messages",
        _sqlite_keep(_SQLITE_MESSAGES, "it.id = NEW.id"),
    ),
    *_sqlite_trigger(
        "search_chats_added", "INSERT ON chats", _sqlite_keep(_SQLITE_CHATS, "it.id = NEW.id")
    ),
    *_sqlite_trigger(
        "search_chats_changed", "UPDATE OF title, teacher_id ON chats",
        _sqlite_keep(_SQLITE_CHATS, "it.id = NEW.id")
        + _sqlite_keep(
            _SQLITE_MESSAGES, "it.chat_id = NEW.id AND OLD.teacher_id IS NOT NEW.teacher_id"
        ),
    ),
    *_sqlite_trigger(
        "search_artifacts_added", "INSERT ON artifacts",
        _sqlite_keep(_SQLITE_ARTIFACTS, "it.id = NEW.id"),
    ),
    *_sqlite_trigger(
        "search_artifacts_changed",
        "UPDATE OF title, content, kind, teacher_id, chat_id ON artifacts",
        _sqlite_keep(_SQLITE_ARTIFACTS, "it.id = NEW.id"),
    ),
    *(
        statement
        for table in ("messages", "chats", "artifacts")
        for statement in _sqlite_trigger(
            f"search_{table}_gone", f"DELETE ON {table}",
            "DELETE FROM search_entries"
            f" WHERE source = '{table.removesuffix('s')}' AND row_id = OLD.id;",
        )
    ),
]  # fmt: skip


def install(using: str) -> None:
    """Create or replace all of it on the database `using`; may run any number of times."""
    install_triggers(using, TABLES, postgresql=_POSTGRESQL, sqlite=_SQLITE)


def rebuilding(connection: BaseDatabaseWrapper, source: str) -> str:
    """Return the statement that makes the entries of a source again, for ids from one to another.

    It takes the parameters `first` and `last`, both included.
    """
    is_ours = connection.vendor == "postgresql"
    where = "it.id BETWEEN %(first)s AND %(last)s"
    if is_ours:
        select = {"message": _MESSAGES, "chat": _CHATS, "artifact": _ARTIFACTS}[source]
        return _keep(select, f"{source}s", f"WHERE {where}")
    selects = {"message": _SQLITE_MESSAGES, "chat": _SQLITE_CHATS, "artifact": _SQLITE_ARTIFACTS}
    return _sqlite_keep(selects[source], where)
