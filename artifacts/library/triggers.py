"""What the database itself does for the library, on every path that writes an artifact.

It keeps what a document says of itself (`artifact_facets`), and takes away what hangs on
an artifact when that goes.
"""

from eduhu.db import install_triggers

NAMES = ("subject", "grade", "topic")
TABLES = {"artifacts", "artifact_facets", "collection_items", "shares", "favourites"}
_HANGING = ("artifact_facets", "collection_items", "shares", "favourites", "artifact_tags")
_COLUMNS = ", ".join(("artifact_id", "teacher_id", *NAMES))
_SET = ", ".join(f"{name} = excluded.{name}" for name in ("teacher_id", *NAMES))
_OF_THOSE = "artifact_id IN (SELECT id FROM old_rows)"

_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION artifacts_document(kind text, content text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        RETURN CASE WHEN kind = 'text' THEN NULL ELSE content::jsonb END;
    EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION artifacts_faceted() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE document jsonb := artifacts_document(NEW.kind, NEW.content);
    BEGIN
        INSERT INTO artifact_facets ({_COLUMNS})
        VALUES (NEW.id, NEW.teacher_id, {", ".join(f"document->>'{name}'" for name in NAMES)})
        ON CONFLICT (artifact_id) DO UPDATE SET {_SET};
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_faceted
    AFTER INSERT OR UPDATE OF content, kind, teacher_id ON artifacts
    FOR EACH ROW EXECUTE FUNCTION artifacts_faceted()
    """,
    f"""
    CREATE OR REPLACE FUNCTION artifacts_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {" ".join(f"DELETE FROM {table} WHERE {_OF_THOSE};" for table in _HANGING)}
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER artifacts_gone AFTER DELETE ON artifacts
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION artifacts_gone()
    """,
]  # fmt: skip

_VALUES = ", ".join(
    f"CASE WHEN json_valid(NEW.content) AND NEW.kind <> 'text'"
    f" THEN json_extract(NEW.content, '$.{name}') END"
    for name in NAMES
)
_SQLITE = [
    statement
    for name, event in (("insert", "INSERT"), ("update", "UPDATE OF content, kind, teacher_id"))
    for statement in (
        f"DROP TRIGGER IF EXISTS artifacts_faceted_{name}",
        f"""
        CREATE TRIGGER artifacts_faceted_{name} AFTER {event} ON artifacts BEGIN
            INSERT INTO artifact_facets ({_COLUMNS})
            SELECT NEW.id, NEW.teacher_id, {_VALUES} WHERE true
            ON CONFLICT (artifact_id) DO UPDATE SET {_SET};
        END
        """,
    )
] + [
    "DROP TRIGGER IF EXISTS artifacts_gone",
    f"""
    CREATE TRIGGER artifacts_gone AFTER DELETE ON artifacts BEGIN
        {" ".join(f"DELETE FROM {table} WHERE artifact_id = OLD.id;" for table in _HANGING)}
    END
    """,
]


def install(using: str) -> None:
    """Create or replace the triggers on the database `using`; may run any number of times."""
    install_triggers(using, TABLES, postgresql=_POSTGRESQL, sqlite=_SQLITE)
