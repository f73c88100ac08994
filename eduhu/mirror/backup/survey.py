"""The first look at all of a backup, before anything is written: is it whole?"""

from collections.abc import Callable, Mapping

from eduhu.mirror.backup.archive import Archive, Line, Unusable, read_lines
from eduhu.mirror.backup.config import Config, Link
from eduhu.mirror.backup.mapping import Mapped
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.values import to_id

_AT_ONCE = 1000


def links_back(config: Config, mapping: Mapping[str, Mapped]) -> list[tuple[Link, str]]:
    """Return the links that other rows hold, with the table of those they are about."""
    return [
        (link, table)
        for table, mapped in mapping.items()
        for link in config.links
        if link.target == mapped.namespace
        and any(link.holder == other.namespace for other in mapping.values())
    ]


def back_kind(table: str, label: str) -> str:
    """Return under which kind the scratch keeps who links to rows of `table`."""
    return f"back {table} {label}"


def survey(
    archive: Archive,
    config: Config,
    mapping: Mapping[str, Mapped],
    scratch: Scratch,
    progress: Callable[[str, int], None],
) -> None:
    """Count all lines and values, and keep the links that are to be read backwards.

    Raises Unusable when anything is missing, too much, or not readable.
    """
    there = archive.namespaces()
    missing = [name for name, count in config.counts.items() if count and name not in there]
    if missing:
        raise Unusable(f"The backup is not whole: {', '.join(sorted(missing))} has no file.")
    triples = 0
    for namespace in sorted(there):
        links = [each for each in links_back(config, mapping) if each[0].holder == namespace]
        lines, values = _count(archive, config, namespace, links, scratch, progress)
        _compare(f"lines in {namespace}", lines, config.counts.get(namespace, 0))
        triples += values
    _compare("values in all", triples, config.triples)


def _count(
    archive: Archive,
    config: Config,
    namespace: str,
    links: list[tuple[Link, str]],
    scratch: Scratch,
    progress: Callable[[str, int], None],
) -> tuple[int, int]:
    lists = config.lists(namespace)
    lines = values = 0
    pending: dict[str, list[tuple[object, object]]] = {}
    for line in read_lines(archive, namespace):
        lines += 1
        values += sum(
            len(value) if label in lists and isinstance(value, list) else 1
            for label, value in line.entity.items()
        )
        for link, table in links:
            kept = pending.setdefault(back_kind(table, link.reverse_label), [])
            kept += _targets(line, link.label)
        if sum(map(len, pending.values())) >= _AT_ONCE:
            _keep(scratch, pending)
        progress(f"reading {namespace}", lines)
    _keep(scratch, pending)
    return lines, values


def _targets(line: Line, label: str) -> list[tuple[object, object]]:
    """Return what a line links to, each with its own id; without one, nothing can link back."""
    try:
        holder = to_id(line.entity.get("id"))
    except ValueError:
        return []
    value = line.entity.get(label)
    targets = value if isinstance(value, list) else [value]
    return [(target.lower(), holder) for target in targets if isinstance(target, str)]


def _keep(scratch: Scratch, pending: dict[str, list[tuple[object, object]]]) -> None:
    for kind, pairs in pending.items():
        scratch.put(kind, pairs)
    pending.clear()


def _compare(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise Unusable(
            f"The backup is not whole: {found:,} {what}, and config.json says {expected:,}."
        )
