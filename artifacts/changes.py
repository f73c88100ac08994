"""Changes of documents: made part by part, and told part by part."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from artifacts.documents import Content, pointer
from artifacts.kinds.base import Document
from eduhu.errors import InvalidInput

Change = dict[str, Any]  # path, change (added, removed, changed), before, after
Patch = list[dict[str, Any]]
PATH_MAX = 300


def patched(document: Document, patch: Patch) -> Document:
    """Return a document with some parts added, removed or replaced (RFC 6902).

    What no operation names stays as it is. Raises InvalidInput for a part that is not there.
    """
    result = deepcopy(document)
    for number, step in enumerate(patch):
        try:
            _apply(result, step)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            problem = {f"{number}": [_("There is no such part: %(path)s") % {"path": step["path"]}]}
            raise InvalidInput(errors={"patch": problem}) from error
    return result


def _apply(document: Document, step: dict[str, Any]) -> None:
    *way, last = [
        part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]
    ]
    target: Any = document
    for part in way:
        target = target[_index(part, len(target) - 1) if isinstance(target, list) else part]
    is_new = step["op"] == "add"
    if isinstance(target, list):
        place = len(target) if is_new and last == "-" else _index(last, len(target) - (not is_new))
        if step["op"] != "replace":
            target[place : place + (not is_new)] = [step["value"]] if is_new else []
        else:
            target[place] = step["value"]
    elif not isinstance(target, dict) or (not is_new and last not in target):
        raise KeyError(last)
    elif step["op"] == "remove":
        del target[last]
    else:
        target[last] = step["value"]


def _index(part: str, highest: int) -> int:
    """Return a place in a list. Raises ValueError for what is none, IndexError beyond its end."""
    if not (part.isascii() and part.isdigit()) or (part[0] == "0" and part != "0"):
        raise ValueError(part)
    if int(part) > highest:
        raise IndexError(part)
    return int(part)


def differences(before: Content, after: Content) -> list[Change]:
    """Return what changed from one content to another, by JSON pointer; "" is the whole.

    Parts of a list that have ids are followed by these, so that a new first task does
    not change all others; their paths have the place of the part now (or, if it is
    gone, the place it had).
    """
    return list(_differences(before, after, ()))


def _differences(before: Any, after: Any, where: tuple[str | int, ...]) -> Iterator[Change]:
    if type(before) is type(after) and isinstance(before, dict):
        yield from _of_members(before, after, where)
    elif type(before) is type(after) and isinstance(before, list):
        yield from _of_items(before, after, where)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield {"path": pointer(where), "change": "changed", "before": before, "after": after}


def _of_members(
    before: dict[str, Any], after: dict[str, Any], where: tuple[str | int, ...]
) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if name not in after:
            yield _removed((*where, name), before[name])
        elif name not in before:
            yield _added((*where, name), after[name])
        else:
            yield from _differences(before[name], after[name], (*where, name))


def _of_items(
    before: list[Any], after: list[Any], where: tuple[str | int, ...]
) -> Iterator[Change]:
    old, new = _by_id(before), _by_id(after)
    for key, (place, part) in old.items():
        if key not in new:
            yield _removed((*where, place), part)
    for key, (place, part) in new.items():
        if key not in old:
            yield _added((*where, place), part)
        else:
            yield from _differences(old[key][1], part, (*where, place))
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield {
            "path": pointer(where), "change": "moved", "before": list(old), "after": list(new)
        }  # fmt: skip


def _by_id(parts: list[Any]) -> dict[Any, tuple[int, Any]]:
    """Return the parts of a list with their places, by id, or else by place."""
    ids = [part.get("id") if isinstance(part, dict) else None for part in parts]
    has_ids = None not in ids and len(set(ids)) == len(ids)
    return {ids[n] if has_ids else n: (n, part) for n, part in enumerate(parts)}


def _removed(where: tuple[str | int, ...], part: Any) -> Change:
    return {"path": pointer(where), "change": "removed", "before": part, "after": None}


def _added(where: tuple[str | int, ...], part: Any) -> Change:
    return {"path": pointer(where), "change": "added", "before": None, "after": part}
