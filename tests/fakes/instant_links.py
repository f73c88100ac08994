"""Links between the rows of a stand-in for InstantDB.

A link is kept as the id of its target (`has: one`) or a list of ids in the row that it
goes out from; rows are replaced, never changed, so that whoever holds a row is safe.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.instant_values import Row, Rows


@dataclass(frozen=True)
class End:
    """One end of a link, as it is named from `namespace`; `is_forward`: values are kept there."""

    link: dict[str, Any]
    is_forward: bool

    @property
    def target(self) -> str:
        """The namespace at the other end."""
        return str(self.link["reverse" if self.is_forward else "forward"]["on"])


@dataclass
class Links:
    """All links of an app, by their name in its schema."""

    by_name: dict[str, Any] = field(default_factory=dict)

    def end(self, namespace: str, label: str) -> End | None:
        """Return the link that `namespace` calls `label`."""
        for link in self.by_name.values():
            for side in ("forward", "reverse"):
                if (link[side]["on"], link[side]["label"]) == (namespace, label):
                    return End(link, side == "forward")
        return None

    def learn(self, namespace: str, label: str) -> End:
        """Return the link; one that is named for the first time is many to many."""
        if (found := self.end(namespace, label)) is not None:
            return found
        link = {
            "forward": {"on": namespace, "label": label, "has": "many"},
            "reverse": {"on": label, "label": namespace, "has": "many"},
        }
        self.by_name[f"{namespace}{label.title()}"] = link
        return End(link, is_forward=True)

    def change(
        self, rows: Rows, namespace: str, row_id: str, args: dict[str, Any], *, add: bool
    ) -> Iterable[tuple[str, str]]:
        """Link or unlink a row; return the rows that changed, which may be those at the other end."""
        for label, value in args.items():
            end = self.learn(namespace, label)
            for other in value if isinstance(value, list) else [value]:
                source, target = (row_id, other) if end.is_forward else (other, row_id)
                forward = end.link["forward"]
                held = rows.setdefault(forward["on"], {})
                held[source] = _changed(held.get(source, {"id": source}), forward, target, add=add)
                yield forward["on"], source

    def forget(self, rows: Rows, namespace: str, row_id: str) -> Iterable[tuple[str, str]]:
        """Take a row that is gone out of all links; return the rows that changed or went along."""
        for link in self.by_name.values():
            forward = link["forward"]
            if link["reverse"]["on"] != namespace:
                continue
            held = rows.get(forward["on"], {})
            for other in [each for each in held.values() if row_id in targets(each, forward)]:
                yield forward["on"], other["id"]
                if forward.get("onDelete") == "cascade":
                    del held[other["id"]]
                    yield from self.forget(rows, forward["on"], other["id"])
                else:
                    held[other["id"]] = _changed(other, forward, row_id, add=False)

    def followed(self, rows: Rows, end: End, row: Row) -> list[str]:
        """Return the ids that a link leads to from `row`."""
        forward = end.link["forward"]
        if end.is_forward:
            return targets(row, forward)
        held = rows.get(forward["on"], {}).values()
        return [each["id"] for each in held if row["id"] in targets(each, forward)]


def targets(row: Row, forward: dict[str, Any]) -> list[str]:
    """Return the ids that a row keeps for a link."""
    value = row.get(forward["label"])
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _changed(row: Row, forward: dict[str, Any], target: str, *, add: bool) -> Row:
    label = forward["label"]
    others = [each for each in targets(row, forward) if each != target]
    ids = [*others, target] if add and forward["has"] == "many" else [target] if add else others
    rest = {key: value for key, value in row.items() if key != label}
    if not ids:
        return rest
    return {**rest, label: ids if forward["has"] == "many" else ids[0]}
