"""Rows as InstantDB's sockets carry them: triples of row, attribute and value.

The browser library holds the attributes, gets the triples of its query, and runs the
query over them once more itself.
"""

from typing import Any

from tests.fakes.instant_answer import Node, page_info
from tests.fakes.instant_links import targets
from tests.fakes.instant_rules import denied
from tests.fakes.instant_store import ID, Store
from tests.fakes.instant_values import Row, Step, invalid

Triple = list[Any]  # row, attribute, value, created in ms
KINDS = {  # what a change of a triple is for a value, and for a link
    "add-triple": ("update", "link"),
    "deep-merge-triple": ("merge", "link"),
    "retract-triple": ("unlink", "unlink"),
}


def attributes(store: Store) -> list[dict[str, Any]]:
    """Return all attributes, and all links, which are attributes of their forward end."""
    plain = [
        _attribute(store, namespace, label, each)
        for namespace, labels in store.schema.items()
        for label, each in {"id": ID, **labels}.items()
    ]
    return plain + [_link(store, each) for each in store.links.by_name.values()]


def _attribute(store: Store, namespace: str, label: str, each: dict[str, Any]) -> dict[str, Any]:
    attribute_id = store.attribute_id(namespace, label)
    found = {
        "id": attribute_id,
        "forward-identity": [attribute_id, namespace, label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": each["config"]["unique"],
        "index?": each["config"]["indexed"],
        "required?": each["required"],
        "catalog": "system" if namespace.startswith("$") else "user",
    }
    is_typed = each["valueType"] not in ("any", "json")
    return {**found, "checked-data-type": each["valueType"]} if is_typed else found


def _link(store: Store, link: dict[str, Any]) -> dict[str, Any]:
    forward, reverse = link["forward"], link["reverse"]
    link_id = store.attribute_id(forward["on"], forward["label"])
    return {
        "id": link_id,
        "forward-identity": [link_id, forward["on"], forward["label"]],
        "reverse-identity": [link_id, reverse["on"], reverse["label"]],
        "value-type": "ref",
        "cardinality": forward["has"],
        "unique?": reverse["has"] == "one",
        "index?": False,
        "catalog": "user",
    }


def joined(store: Store, nodes: dict[str, Node]) -> list[dict[str, Any]]:
    """Return an answer as sockets carry it; what is known of pages stands in the first node."""
    found = [_joined(store, node) for node in nodes.values()]
    if pages := page_info(nodes):
        found[0]["data"]["page-info"] = pages
    return found


def _joined(store: Store, node: Node) -> dict[str, Any]:
    rows = [_triples(store, node, row) for row in node.rows]
    children = [_joined(store, child) for each in node.children for child in each.values()]
    return {"data": {"datalog-result": {"join-rows": rows}}, "child-nodes": children}


def _triples(store: Store, node: Node, row: Row) -> list[Triple]:
    created = store.created[node.namespace, row["id"]]
    found: list[Triple] = []
    for label, value in row.items():
        if node.fields is not None and label not in ("id", *node.fields):
            continue
        end = store.links.end(node.namespace, label)
        values = [value] if end is None else targets(row, end.link["forward"])
        attribute = store.attribute_id(node.namespace, label)
        found += [[row["id"], attribute, each, created] for each in values]
    return found


def as_steps(store: Store, tx_steps: list[Triple]) -> list[Step]:
    """Return what a browser wants to write as steps; it can make no attributes. Raises Refusal."""
    named = {
        each["id"]: (*each["forward-identity"][1:], each["value-type"])
        for each in attributes(store)
    }
    steps: list[Step] = []
    for action, row_id, *rest in tx_steps:
        if action == "delete-entity":
            steps.append(["delete", rest[0], row_id, None])
        elif action == "add-attr":
            raise denied("attrs")
        elif action in KINDS:
            if rest[0] not in named:
                raise invalid("tx-steps", tx_steps, "There is no such attribute")
            namespace, label, kind = named[rest[0]]
            steps.append([KINDS[action][kind == "ref"], namespace, row_id, {label: rest[1]}])
    return steps
