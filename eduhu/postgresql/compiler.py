"""Django's SQL compilers for PostgreSQL; writes of mirrored tables are captured."""

from django.db.backends.postgresql import compiler
from django.db.backends.postgresql.compiler import SQLAggregateCompiler, SQLCompiler

from eduhu.mirror.compilers import CapturedInsert, CapturedWrite

# mypy: disable-error-code=misc
# The mixins take what each compiler takes; the stubs cannot say that.

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]


class SQLInsertCompiler(CapturedInsert, compiler.SQLInsertCompiler):
    """INSERT."""


class SQLUpdateCompiler(CapturedWrite, compiler.SQLUpdateCompiler):
    """UPDATE."""


class SQLDeleteCompiler(CapturedWrite, compiler.SQLDeleteCompiler):
    """DELETE."""
