"""What the reply pipeline asks of an AI provider, and nothing more."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from eduhu.resilience import Deadline

_GO_ON = (
    "Your answer was cut off. Go on exactly where it ends, in the same language and format. "
    "Do not repeat anything and do not comment on it."
)

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One turn of the prompt, oldest first."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class TeacherProfile:
    """What the teacher's preferences say, for providers that fill slots themselves."""

    language: str = "de"
    grade_level: str | None = None
    subject_areas: tuple[str, ...] = ()
    federal_state: str | None = None
    school_type: str | None = None
    memories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a provider. The teacher's text is the last message, unchanged.

    `partial` is what an earlier attempt has written already: only the rest is wanted.
    `wish` is what is to be made, where the reply is more than text (`replies/makers.py`).
    The reply must be over by the `deadline`, if there is one, and by the provider's own.
    Who reads it from a network awaits `pace` after each piece of text: what comes
    meanwhile is read in one go.
    Where the service can, it holds its answer to `answer_schema`; the text asks for it, too.
    """

    messages: tuple[PromptMessage, ...]
    model: str
    profile: TeacherProfile = field(default_factory=TeacherProfile)
    partial: str = ""
    deadline: Deadline | None = None
    wish: dict[str, Any] | None = None
    pace: Callable[[], Awaitable[None]] | None = field(default=None, compare=False)
    answer_schema: dict[str, Any] | None = None

    def turns(self) -> tuple[PromptMessage, ...]:
        """Return the messages for a service that knows nothing of partial replies."""
        if not self.partial:
            return self.messages
        so_far = PromptMessage("assistant", self.partial)
        return (*self.messages, so_far, PromptMessage("user", _GO_ON))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request; `estimated` where the provider reported none."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The last item of a stream. `usage` is None where the provider reported none.

    `model` and `provider` say who really answered, where that was not settled before.
    """

    reason: Literal["stop", "length"]
    usage: Usage | None = None
    model: str | None = None
    provider: str | None = None
    document: dict[str, Any] | None = None  # what was made, where something was wished


class Provider(Protocol):
    """A source of replies.

    `stream` yields pieces of text (never empty) and ends with one `Finish`. It
    raises `eduhu.errors.ProviderError` or a subclass of it for every failure, and
    closes its upstream connection when the iterator is closed or cancelled.
    """

    name: str
    is_demo: bool

    def stream(self, prompt: Prompt) -> AsyncGenerator[str | Finish, None]:
        """Yield the reply to `prompt` as it arrives."""
        ...

    async def aclose(self) -> None:
        """Close what is open to the service."""
        ...


def estimate_tokens(text: str) -> int:
    """About four characters a token: a marked estimate, used only without provider usage."""
    return -(-len(text) // 4)


def estimate_usage(prompt: Prompt, text: str) -> Usage:
    """The marked estimate for a whole request."""
    asked = sum(estimate_tokens(message.content) for message in prompt.messages)
    return Usage(asked, estimate_tokens(text), estimated=True)
