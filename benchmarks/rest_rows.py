"""The rows that the REST benchmark reads, made by the database itself."""

import uuid
from dataclasses import dataclass

import psycopg

CHATS, MESSAGES = 60, 60  # of each teacher, and of the first chat of each
OPENED = 1_000  # messages of the chat that is opened
PAGES = 2_000

_CHATS = """
INSERT INTO chats (id, title, created_at, updated_at, teacher_id, topic_category, message_count,
    is_archived)
SELECT gen_random_uuid(), 'Fotosynthese in Klasse ' || n, t.moment, t.moment, teachers.id,
    'lesson_planning', 0, n %% 10 = 0
FROM teachers, generate_series(1, %s) AS n,
    LATERAL (SELECT date_trunc('milliseconds', now() - n * interval '1 hour') AS moment) AS t
WHERE teachers.email = ANY(%s)
"""
_MESSAGES = """
INSERT INTO messages (id, chat_id, content, role, "timestamp", content_type, token_count,
    token_count_estimated, educational_topics)
SELECT gen_random_uuid(), chats.id, rpad('Bruchrechnung ' || n, 400, ' Äpfel und Birnen'),
    CASE n %% 2 WHEN 0 THEN 'user' ELSE 'assistant' END,
    date_trunc('milliseconds', now() - n * interval '1 minute'), 'text', 100, true, '[]'
FROM unnest(%s::uuid[]) AS chats(id), generate_series(1, %s) AS n
"""
_FIRST_CHATS = """
SELECT DISTINCT ON (teacher_id) teachers.email, chats.id FROM chats
JOIN teachers ON teachers.id = teacher_id WHERE teachers.email = ANY(%s)
ORDER BY teacher_id, updated_at DESC
"""


@dataclass(frozen=True)
class Rows:
    """What was made: the first chat of each teacher, and two long ones of the first teacher."""

    first_chats: list[uuid.UUID]
    opened: uuid.UUID
    longest: uuid.UUID


def make_rows(database: str, emails: list[str], page: int) -> Rows:
    """Give each teacher chats, and the first one a chat of `PAGES` pages of `page` messages."""
    with psycopg.connect(database) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute(_CHATS, [CHATS, emails])
        first = dict(connection.execute(_FIRST_CHATS, [emails]).fetchall())
        busiest = "SELECT chats.id FROM chats JOIN teachers ON teachers.id = teacher_id"
        mine = f"{busiest} WHERE email = %s AND NOT is_archived ORDER BY updated_at DESC LIMIT 3"
        chats = [row[0] for row in connection.execute(mine, [emails[0]]).fetchall()]
        connection.execute(_MESSAGES, [list(first.values()), MESSAGES])
        connection.execute(_MESSAGES, [[chats[1]], OPENED])
        connection.execute(_MESSAGES, [[chats[2]], PAGES * page])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE chats")
        connection.execute("VACUUM ANALYZE messages")
    return Rows([first[email] for email in emails], chats[1], chats[2])
