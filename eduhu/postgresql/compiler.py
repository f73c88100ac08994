"""Django's SQL compilers for PostgreSQL; observers are told of writes."""

from django.db.backends.postgresql import compiler
from django.db.backends.postgresql.compiler import SQLAggregateCompiler, SQLCompiler

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
