"""All migrations of chats, and those of the next version."""

import chats.migrations

__path__ = [*chats.migrations.__path__, *__path__]
