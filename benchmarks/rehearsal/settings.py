"""eduhu with a schema that its running processes do not know yet."""

from eduhu.settings import *  # noqa: F403

MIGRATION_MODULES = {"chats": "benchmarks.rehearsal.migrations"}
