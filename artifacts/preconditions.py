"""`ETag` and `If-Match`: who changes something says which revision they have seen."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from eduhu.errors import PreconditionRequired

Expected = frozenset[int]  # revisions
ANY: Expected = frozenset()  # whatever is there

_TAG = re.compile(r'"(\d{1,9})"')
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}"(, "[0-9]{1,9}")*)$'},
    OpenApiParameter.HEADER,
    description='The ETag of what is changed (the revision in quotes, such as "3"), or *.',
)


def etag(revision: int) -> str:
    """Return the ETag of a revision."""
    return f'"{revision}"'


def expected_of(request: Request, *, is_required: bool = True) -> Expected:
    """Return the revisions that `If-Match` names; weak and foreign tags match nothing.

    Raises PreconditionRequired when there is none.
    """
    header = request.headers.get("If-Match", "").strip()
    if header == "*":
        return ANY
    if not header:
        if is_required:
            raise PreconditionRequired
        return ANY
    tags = (_TAG.fullmatch(tag.strip()) for tag in header.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag) or frozenset({-1})
