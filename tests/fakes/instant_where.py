"""Conditions of a query: which rows of a namespace are wanted."""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.instant_values import Refusal, Row, folded

Test = Callable[[Row], bool]
Demand = Callable[[str], None]  # (label): raises Refusal where values cannot be compared
Refuse = Callable[[str], Refusal]

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, limit: value > limit,
    "$gte": lambda value, limit: value >= limit,
    "$lt": lambda value, limit: value < limit,
    "$lte": lambda value, limit: value <= limit,
    "$like": lambda value, pattern: _like(pattern).fullmatch(value) is not None,
    "$ilike": lambda value, pattern: _like(pattern, re.IGNORECASE).fullmatch(value) is not None,
}


class Where:
    """Makes tests of rows from a `where`; `demand` says which labels can be compared."""

    def __init__(self, demand: Demand, refuse: Refuse) -> None:
        self._demand, self._refuse = demand, refuse

    def condition(self, where: dict[str, Any]) -> Test:
        """Return whether a row meets all of `where`. Raises Refusal."""
        tests = [self._test(label, wanted) for label, wanted in where.items()]
        return lambda row: all(test(row) for test in tests)

    def _test(self, label: str, wanted: Any) -> Test:
        if label in ("and", "or"):
            if not wanted:
                raise self._refuse(f"The list of `{label}` conditions can't be empty.")
            conditions = [self.condition(each) for each in wanted]
            combine = all if label == "and" else any
            return lambda row: combine(condition(row) for condition in conditions)
        if not isinstance(wanted, dict):
            return self._single(label, "$is", wanted)
        tests = [self._single(label, operator, value) for operator, value in wanted.items()]
        return lambda row: all(test(row) for test in tests)

    def _single(self, label: str, operator: str, wanted: Any) -> Test:
        if operator == "$isNull":
            return lambda row: (row.get(label) is None) == wanted
        wanted = folded(wanted)
        if operator in ("$in", "in"):
            return lambda row: row.get(label) in wanted
        if operator in ("$is", "$not", "$ne"):
            return lambda row: (row.get(label) == wanted) == (operator == "$is")
        compare = COMPARE.get(operator)
        if compare is None:
            raise self._refuse(f"Unknown operator {operator}.")
        self._demand(label)
        return lambda row: row.get(label) is not None and compare(row[label], wanted)


def _like(pattern: str, flags: int = 0) -> re.Pattern[str]:
    parts = re.split("([%_])", pattern)
    wild = {"%": ".*", "_": "."}
    return re.compile(
        "".join(wild.get(part) or re.escape(part) for part in parts), re.DOTALL | flags
    )
