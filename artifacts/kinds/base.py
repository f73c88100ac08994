"""What a kind of material is: a schema, rules that a schema cannot say, and how it is printed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from django.utils.functional import Promise

from artifacts.kinds.schema import Schema, choice, line, record, yes_or_no
from artifacts.models import ArtifactType
from artifacts.sheets import Pages

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Document = dict[str, Any]  # JSON that the schema of its kind describes
Problem = tuple[tuple[str | int, ...], str]  # where, and what is wrong there
Rule = Callable[[Document], Iterator[Problem]]
Upgrade = Callable[[Document], Document]

# In the sense of the EU's AI Act. `limited`: made by an AI and marked so, for a teacher to
# check. Nothing here grades, places or watches a person, which would be high risk.
Risk = Literal["minimal", "limited"]


@dataclass(frozen=True)
class Kind:
    """A kind of material.

    `required` and `optional` are the members of its documents beside the common ones.
    `upgrades` lead from an older version of its schema to the next.
    """

    name: str
    artifact_type: ArtifactType
    display_name: str | Promise
    risk: Risk
    required: dict[str, Schema]
    render: Callable[[Document], Pages]
    optional: dict[str, Schema] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    version: int = 1
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)

    @cached_property
    def schema(self) -> Schema:
        """The JSON schema of a whole document."""
        required: dict[str, Schema] = {
            "kind": {"const": self.name},
            "version": {"const": self.version},
            "language": choice("de", "en"),
            "topic": line(),
            **self.required,
        }
        optional = {
            "subject": line(), "grade": line(), "ai_generated": yes_or_no(), **self.optional,
        }  # fmt: skip
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            **record(required, optional),
        }

    @cached_property
    def validator(self) -> "Validator":
        """The schema, ready to be held against documents."""
        from jsonschema import Draft202012Validator  # megabytes, before the first document

        return Draft202012Validator(self.schema)
