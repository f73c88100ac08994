"""The steps of a transaction, checked and made plain before one of them is taken."""

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from tests.fakes.instant_values import UUID, Refusal, Step, folded, invalid

if TYPE_CHECKING:
    from tests.fakes.instant_store import Store

# Steps are grouped by what they become inside the server, in order of first appearance.
GROUPS = {
    "update": "add-triple", "create": "add-triple", "link": "add-triple", "merge": "deep-merge",
    "unlink": "retract-triple", "delete": "delete-entity",
}  # fmt: skip
LOOKUP = re.compile(r"lookup__(.+?)__(.+)")
MAKING = ("update", "create", "merge", "link")


def plain(store: "Store", steps: Any, *, strict: bool = False) -> list[Step]:
    """Return the steps with ids in place of lookups, and without those that do nothing.

    Raises Refusal: for a step of no known kind, an id that is none, a row that must or
    must not exist, and when `strict` for an attribute that the schema does not have.
    """
    if not isinstance(steps, list):
        raise Refusal("param-malformed", 'Malformed parameter: ["body" "steps"]', {"input": steps})
    for index, step in enumerate(steps):
        _check_shape(steps, index, step)
    if strict:
        _check_labels(store, steps)
    resolved = _Lookups(store, steps).resolved()
    _check_modes(store, resolved)
    return resolved


def grouped(steps: list[Step]) -> list[Step]:
    """Return the steps in the order in which the server takes them."""
    order = list(dict.fromkeys(GROUPS[step[0]] for step in steps))
    return sorted(steps, key=lambda step: order.index(GROUPS[step[0]]))


def _check_shape(steps: list[Step], index: int, step: Any) -> None:
    if not (isinstance(step, list) and len(step) >= 3 and step[0] in {*GROUPS, "ruleParams"}):
        raise invalid("steps", steps, "This is no step", **{"in": [index]})
    if step[0] != "delete" and not (len(step) > 3 and isinstance(step[3], dict)):
        raise invalid("steps", steps, "This step has no values", **{"in": [index, 3]})
    row_id = step[2]
    is_id = isinstance(row_id, str) and (UUID.fullmatch(row_id) or LOOKUP.fullmatch(row_id))
    is_lookup = isinstance(row_id, list) and len(row_id) == 2
    if not (is_id or is_lookup):
        text = f"Invalid entity ID '{row_id}'. Entity IDs must be UUIDs or lookup references."
        raise invalid("steps", steps, text, **{"in": [index, 2]})


def _check_labels(store: "Store", steps: list[Step]) -> None:
    unknown = [
        f"{namespace}.{label}"
        for action, namespace, _row_id, args in (step[:4] for step in steps if len(step) > 3)
        if action in ("update", "create", "merge", "link", "unlink")
        for label in args
        if store.attribute(namespace, label) is None and store.links.end(namespace, label) is None
    ]
    if unknown:
        text = "Attributes are missing in your schema"
        raise invalid("steps", steps, text, hint={"attributes": unknown})


def _check_modes(store: "Store", steps: list[Step]) -> None:
    strict = [step for step in steps if step[4:] and (step[4] or {}).get("upsert") is False]
    missing = [step for step in strict if step[2] not in store.rows.get(step[1], {})]
    created = [step for step in steps if step[0] == "create"]
    there = [step for step in created if step[2] in store.rows.get(step[1], {})]
    for wrong, text in (
        (missing, "Updating entities that don't exist"),
        (there, "Creating entities that exist"),
    ):
        if wrong:
            raise invalid("tx-step", wrong, f"{text}: {', '.join(step[2] for step in wrong)}")


class _Lookups:
    """Finds rows that are named by a unique value; one that is missing is made where that helps."""

    def __init__(self, store: "Store", steps: list[Step]) -> None:
        self._store, self._steps = store, steps
        self._made: dict[tuple[str, str, str], str] = {}
        self._first: list[Step] = []

    def resolved(self) -> list[Step]:
        found = []
        for action, namespace, row_id, *rest in folded(self._steps):
            named = self._row(namespace, row_id, make=action in MAKING)
            if named is None or action == "ruleParams":
                continue
            if action in ("link", "unlink"):
                rest[0] = {
                    label: self._targets(namespace, label, value)
                    for label, value in rest[0].items()
                }
            found.append([action, namespace, named, *rest])
        return self._first + found

    def _targets(self, namespace: str, label: str, value: Any) -> list[str]:
        end = self._store.links.end(namespace, label)
        target = label if end is None else end.target
        values = value if isinstance(value, list) else [value]
        ids = [self._row(target, each, make=True) for each in values]
        return [each for each in ids if each is not None]

    def _row(self, namespace: str, named: Any, *, make: bool) -> str | None:
        if isinstance(named, str):
            lookup = LOOKUP.fullmatch(named)
            if lookup is None:
                return named
            named = [lookup[1], json.loads(lookup[2])]
        label, value = named
        for row in self._store.rows.get(namespace, {}).values():
            if row.get(label) == value:
                return str(row["id"])
        if not make:
            return None
        key = (namespace, label, json.dumps(value))
        if key not in self._made:
            self._made[key] = str(uuid.uuid4())
            self._first.append(["update", namespace, self._made[key], {label: value}])
        return self._made[key]
