"""What `config.json` of a backup says: how much there should be, and which attributes are links."""

from dataclasses import dataclass
from typing import Any

import orjson

from eduhu.mirror.backup.archive import CONFIG, Unusable


@dataclass(frozen=True, slots=True)
class Link:
    """A link: rows of `holder` have ids of rows of `target` under `label`."""

    holder: str
    label: str
    is_many: bool
    target: str
    reverse_label: str


@dataclass(frozen=True, slots=True)
class Config:
    """`counts` are lines by namespace, `triples` the values of all of them together."""

    counts: dict[str, int]
    triples: int
    app_id: str
    backup_at: str
    attributes: dict[str, frozenset[str]]
    links: tuple[Link, ...]

    def labels(self, namespace: str) -> frozenset[str]:
        """Return what its rows may have, links of either direction included."""
        held = {link.label for link in self.links if link.holder == namespace}
        reverse = {link.reverse_label for link in self.links if link.target == namespace}
        return self.attributes.get(namespace, frozenset()) | held | reverse

    def lists(self, namespace: str) -> frozenset[str]:
        """Return the labels under which its rows have a list of ids."""
        return frozenset(
            link.label for link in self.links if link.holder == namespace and link.is_many
        )


def parse_config(raw: bytes) -> Config:
    """Read `config.json`. Raises Unusable."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unusable(f"{CONFIG} is not JSON. The backup is damaged.") from error
    try:
        return Config(
            counts={str(name): _number(count) for name, count in found["counts"].items()},
            triples=_number(found["tripleCount"]),
            app_id=str(found.get("appId") or "unknown"),
            backup_at=str(found.get("backupAt") or "unknown"),
            attributes={
                name: frozenset(map(_name, entity["attrs"]))
                for name, entity in found["schema"]["entities"].items()
            },
            links=tuple(_link(each) for each in (found["schema"].get("links") or {}).values()),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise Unusable(
            f"{CONFIG} is not that of a backup: counts, tripleCount or schema are not as expected."
        ) from error


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _link(link: dict[str, Any]) -> Link:
    forward, reverse = link["forward"], link["reverse"]
    return Link(
        holder=_name(forward["on"]),
        label=_name(forward["label"]),
        is_many=forward["has"] == "many",
        target=_name(reverse["on"]),
        reverse_label=_name(reverse["label"]),
    )
