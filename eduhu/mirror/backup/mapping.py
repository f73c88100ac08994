"""Which namespace of a backup becomes which table, and which attribute which column.

A mapping file says what a backup calls otherwise than we do:

    {"chats": {"namespace": "conversations", "attributes": {"headline": "title"}}}
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from eduhu.mirror.backup.archive import Unusable
from eduhu.mirror.backup.config import Config
from eduhu.mirror.backup.tables import OWNER, USERS, Table, tables

TEACHERS = "teachers"
Named = dict[str, dict[str, Any]]  # a mapping file, by table


@dataclass(frozen=True, slots=True)
class Mapped:
    """A namespace and, for each column, the labels under which its value may stand."""

    namespace: str
    labels: dict[str, tuple[str, ...]]


def read_mapping(path: Path | None) -> Named:
    """Return what a mapping file says; nothing without one. Raises Unusable."""
    if path is None:
        return {}
    try:
        named = orjson.loads(path.read_bytes())
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise Unusable(f"{path} is not JSON: {error}.") from error
    if not isinstance(named, dict):
        raise Unusable(f"{path} must hold an object with the names of our tables.")
    for name, each in named.items():
        _check_shape(name, each)
    return named


def _check_shape(name: str, named: Any) -> None:
    if name not in [TEACHERS, *tables()]:
        ours = ", ".join([TEACHERS, *tables()])
        raise Unusable(f"The mapping names the table {name!r}. There are: {ours}.")
    if not isinstance(named, dict) or not set(named) <= {"namespace", "attributes"}:
        raise Unusable(f"In the mapping, {name} may have a namespace and attributes, nothing else.")
    namespace, attributes = named.get("namespace", ""), named.get("attributes", {})
    if not isinstance(namespace, str) or not isinstance(attributes, dict):
        raise Unusable(f"In the mapping, the namespace or the attributes of {name} are no names.")
    if namespace.startswith("$") and namespace != USERS:
        raise Unusable(f"The mapping names {namespace}, which is not ours to read.")
    columns = _columns(name)
    for label, column in attributes.items():
        if column not in columns:
            known = ", ".join(columns)
            raise Unusable(f"The mapping makes {label!r} {name}.{column}. There are: {known}.")


def resolve(named: Named, config: Config) -> dict[str, Mapped]:
    """Return which namespace becomes which table, for those that are there. Raises Unusable."""
    found: dict[str, Mapped] = {}
    for name in [TEACHERS, *tables()]:
        each = named.get(name, {})
        namespace = _namespace(name, each.get("namespace"), config.counts)
        if namespace is None:
            continue
        if any(namespace == other.namespace for other in found.values()):
            raise Unusable(f"The mapping makes two tables of {namespace!r}.")
        attributes = each.get("attributes", {})
        if unknown := set(attributes) - config.labels(namespace):
            raise Unusable(f"{namespace} of the backup has no {', '.join(sorted(unknown))}.")
        found[name] = Mapped(namespace, _labels(name, attributes))
    if not found and any(config.counts.values()):
        there = ", ".join(sorted(config.counts))
        raise Unusable(f"The backup has none of our tables but {there}. Say with --mapping …")
    return found


def _namespace(name: str, wanted: str | None, there: Collection[str]) -> str | None:
    if wanted and wanted not in there:
        raise Unusable(f"The backup has no {wanted!r}. There are: {', '.join(sorted(there))}.")
    likely = [USERS] if name == TEACHERS else tables()[name].namespaces
    candidates = [wanted] if wanted else [each for each in likely if each in there]
    if len(candidates) > 1:
        raise Unusable(f"{' and '.join(candidates)} may both be {name}. Say which with --mapping.")
    return candidates[0] if candidates else None


def _columns(name: str) -> list[str]:
    return ["email"] if name == TEACHERS else list(dict.fromkeys([OWNER, *tables()[name].columns]))


def _labels(name: str, attributes: dict[str, str]) -> dict[str, tuple[str, ...]]:
    table: Table | None = tables().get(name)
    usual = table.labels if table else {}
    return {
        column: (
            *(label for label, target in attributes.items() if target == column),
            *usual.get(column, (column,)),
        )
        for column in _columns(name)
    }
