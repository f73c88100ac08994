"""What a stand-in for InstantDB found for a query, and how it is told as a tree of rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.instant_values import Row

if TYPE_CHECKING:
    from tests.fakes.instant_store import Store


@dataclass(frozen=True)
class Node:
    """One namespace of an answer: its rows, and each row's children by label."""

    namespace: str
    rows: list[Row]
    children: list[dict[str, "Node"]]
    fields: list[str] | None
    page: dict[str, Any] | None  # first and last cursor, and whether there is more


def as_tree(store: "Store", nodes: dict[str, Node]) -> dict[str, Any]:
    """Return the bare rows, with their children under their labels."""
    return {label: _rows_of(store, node) for label, node in nodes.items()}


def page_info(nodes: dict[str, Node]) -> dict[str, Any]:
    """Return what is known of pages; only forms that ask for one have any."""
    return {label: node.page for label, node in nodes.items() if node.page}


def _rows_of(store: "Store", node: Node) -> list[Row]:
    indexed = store.indexed(node.namespace)
    rows = []
    for row, children in zip(node.rows, node.children, strict=True):
        shown = {**dict.fromkeys(indexed), **row}
        if node.fields is not None:
            shown = {name: shown[name] for name in ("id", *node.fields) if name in shown}
        rows.append(shown | as_tree(store, children))
    return rows
