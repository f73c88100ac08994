"""How a stand-in for InstantDB reads: conditions, order, pages and cursors.

What the server refuses is refused here: order and comparison need an attribute that is
indexed and typed, and only the top of a query has pages.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.instant_answer import Node
from tests.fakes.instant_values import Refusal, Row, folded, invalid
from tests.fakes.instant_where import Test, Where

if TYPE_CHECKING:
    from tests.fakes.instant_store import Store

Sees = Callable[[str, Row], bool]  # (namespace, row): whether the reader may
Cursor = list[Any]  # [row, attribute, value, created in ms]

LIMITS = ("limit", "first", "last")
PAGING = (*LIMITS, "offset", "after", "before", "order")
OPTIONS = {"where", "fields", "aggregate", "afterInclusive", "beforeInclusive", *PAGING}


def run(store: "Store", query: Any, sees: Sees = lambda _namespace, _row: True) -> dict[str, Node]:
    """Answer a query as a reader sees it: rows that are not theirs leave the page. Raises Refusal."""
    return {
        namespace: _Form(store, namespace, form, query).node(sees)
        for namespace, form in query.items()
        if not namespace.startswith("$$")
    }


class _Form:
    """One namespace of a query, and what is asked of it."""

    def __init__(
        self, store: "Store", namespace: str, form: Any, root: Any, linked: list[str] | None = None
    ) -> None:
        self._store, self._namespace, self._root = store, namespace, root
        self._linked = linked
        self._options = form.get("$", {})
        self._children = {label: each for label, each in form.items() if label != "$"}
        self._check_options()

    def node(self, sees: Sees) -> Node:
        rows = list(filter(self._wanted(), self._candidates()))
        rows, page = self._paged(rows) if self._is_paged() else (self._ordered(rows), None)
        rows = [row for row in rows if sees(self._namespace, row)]
        children = [self._children_of(row, sees) for row in rows]
        return Node(self._namespace, rows, children, self._options.get("fields"), page)

    def _wanted(self) -> Test:
        where = Where(self._demand_comparison, self._refusal)
        return where.condition(self._options.get("where", {}))

    def _candidates(self) -> list[Row]:
        """Return the rows to look at; who names ids does not wait until all were looked at."""
        rows = self._store.rows.get(self._namespace, {})
        wanted = self._options.get("where", {}).get("id")
        named = folded(wanted["$in"]) if isinstance(wanted, dict) and "$in" in wanted else None
        ids = self._linked if self._linked is not None else named
        if ids is None:
            return list(rows.values())
        return [rows[each] for each in dict.fromkeys(ids) if each in rows]

    def _children_of(self, row: Row, sees: Sees) -> dict[str, Node]:
        children = {}
        for label, form in self._children.items():
            end = self._store.links.end(self._namespace, label)
            if end is None:
                raise self._refusal(f"{self._namespace}.{label} needs to be a link")
            ids = self._store.links.followed(self._store.rows, end, row)
            children[label] = _Form(self._store, end.target, form, self._root, ids).node(sees)
        return children

    def _check_options(self) -> None:
        options = self._options
        if options.keys() - OPTIONS:
            raise self._refusal(
                "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."
            )
        for name in (*LIMITS, "offset"):
            least, kind = (0, "non-negative") if name == "offset" else (1, "positive")
            value = options.get(name, least)
            if not isinstance(value, int) or value < least:
                raise self._refusal(f"The {name} field must be a {kind} integer. Got {value!r}.")
        if len(given := [f"`{name}`" for name in LIMITS if name in options]) > 1:
            raise self._refusal(f"Only provide one of {' or '.join(given)}.")
        if self._linked is not None and options.keys() & {"offset", "before", "after"}:
            raise self._refusal(
                "We currently only support `offset`, `before`, and `after` clauses on the top-level"
                " field. Limit fields will be ignored"
            )

    def _refusal(self, message: str) -> Refusal:
        return invalid("query", self._root, message)

    # --- Order and pages ---

    def _is_paged(self) -> bool:
        return self._linked is None and any(name in self._options for name in PAGING)

    def _order(self) -> tuple[str, bool]:
        """Return the label that orders (`id` for the time of creation), and whether backwards."""
        order = self._options.get("order") or {"serverCreatedAt": "asc"}
        if len(order) > 1:
            names = ",".join(order)
            raise self._refusal(f"We only support a single key in the `order` clause. Got {names}.")
        [(label, direction)] = order.items()
        if direction not in ("asc", "desc"):
            raise self._refusal(
                f'We only support "asc" or "desc" in the `order` clause. Got {direction!r}.'
            )
        if label == "serverCreatedAt":
            return "id", direction == "desc"
        self._demand_order(label)
        return label, direction == "desc"

    def _ordered(self, rows: list[Row]) -> list[Row]:
        label, backwards = self._order()
        return sorted(rows, key=self._keys(label), reverse=backwards)

    def _keys(self, label: str) -> Callable[[Row], tuple[Any, ...]]:
        """Return what rows are sorted by; null comes first, and the id decides between equals."""
        created, namespace = self._store.created, self._namespace
        if label == "id":
            return lambda row: (created[namespace, row["id"]], row["id"])
        return lambda row: ((value := row.get(label)) is not None, value or 0, row["id"])

    def _cursor(self, row: Row, label: str) -> Cursor:
        created = self._store.created[self._namespace, row["id"]]
        attribute = self._store.attribute_id(self._namespace, label)
        return [row["id"], attribute, row.get(label), created]

    def _paged(self, rows: list[Row]) -> tuple[list[Row], dict[str, Any]]:
        options, (label, backwards) = self._options, self._order()
        rows = self._ordered(rows)
        start, end = 0, len(rows)
        if (after := options.get("after")) is not None:
            start = self._place(rows, "after", after, label, backwards)
        if (before := options.get("before")) is not None:
            end = self._place(rows, "before", before, label, backwards)
        start = min(start + options.get("offset", 0), end)
        if "last" in options:
            start = max(start, end - options["last"])
        elif length := options.get("limit", options.get("first")):
            end = min(end, start + length)
        page = rows[start:end]
        info = {"has-next-page?": end < len(rows), "has-previous-page?": start > 0}
        for name, index in (("start-cursor", 0), ("end-cursor", -1)):
            info[name] = self._cursor(page[index], label) if page else None
        return page, info

    def _place(self, rows: list[Row], name: str, cursor: Any, label: str, backwards: bool) -> int:
        """Return how many of the ordered rows come before what `cursor` points at."""
        if not (isinstance(cursor, list) and len(cursor) == 4):
            raise self._refusal(f"Expected a join row with 4 items for the cursor, got {cursor!r}.")
        if cursor[1] != self._store.attribute_id(self._namespace, label):
            shown = "serverCreatedAt" if label == "id" else label
            raise self._refusal(
                f"Invalid {name} cursor. The query orders by `{shown}`,"
                " but the query that returned the cursor orders by a missing attribute."
            )
        row_id, _attribute, value, created = folded(cursor)
        place = (created, row_id) if label == "id" else (value is not None, value or 0, row_id)
        keys = list(map(self._keys(label), rows))
        with_equal = self._options.get(f"{name}Inclusive", False) != (name == "after")
        earlier = [key > place if backwards else key < place for key in keys]
        return sum(earlier) + (with_equal and place in keys)

    def _demand_order(self, label: str) -> None:
        attribute = self._store.attribute(self._namespace, label)
        if attribute is None:
            raise self._refusal(f"There is no `{label}` attribute for {self._namespace}.")
        for lacks, is_so in (
            ("indexed", attribute["config"]["indexed"]),
            ("typed", attribute["valueType"] not in ("json", "any")),
        ):
            if not is_so:
                both = "indexed and typed" if lacks == "indexed" else "typed and indexed"
                raise self._refusal(
                    f"The `{self._namespace}.{label}` attribute is not {lacks}."
                    f" Only {both} attributes can be used to order by."
                )

    def _demand_comparison(self, label: str) -> None:
        attribute = self._store.attribute(self._namespace, label)
        name = f"`{self._namespace}.{label}`"
        if attribute is None or not attribute["config"]["indexed"]:
            raise self._refusal(
                f"The {name} attribute must be indexed to use comparison operators."
            )
        if attribute["valueType"] in ("json", "any"):
            raise self._refusal(
                f"The {name} attribute must have an enforced type to use comparison operators."
            )
