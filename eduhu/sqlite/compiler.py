"""Django's SQL compilers for SQLite; observers are told of writes."""

from django.db.models.sql import compiler
from django.db.models.sql.compiler import SQLAggregateCompiler, SQLCompiler

from eduhu.writes import ObservedInsert, ObservedWrite

# mypy: disable-error-code=misc
# The mixins take what each compiler takes; the stubs cannot say that.

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]


class SQLInsertCompiler(ObservedInsert, compiler.SQLInsertCompiler):
    """INSERT."""


class SQLUpdateCompiler(ObservedWrite, compiler.SQLUpdateCompiler):
    """UPDATE."""


class SQLDeleteCompiler(ObservedWrite, compiler.SQLDeleteCompiler):
    """DELETE."""
