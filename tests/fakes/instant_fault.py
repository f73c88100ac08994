"""How a request to the stand-in for InstantDB fails."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """How one request fails.

    `status`: answered so, nothing applied. `lose answer`: applied, then the connection
    closes. `cut`: closes at once. `late`: closes at once, and is applied after `seconds`.
    `slow`: answered after `seconds`. `no json`: applied, and answered with no JSON.
    `drip`: answered as if all were well, a byte each `seconds`, nothing applied; with
    `text`, only what comes after this is so slow.
    `page`: something between us and InstantDB answers `text` with `status`, nothing applied.
    """

    kind: str
    status: int = 500
    hint: Any = None
    seconds: float = 0.0
    text: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The answer of `status`."""
        kind = "rate-limited" if self.status == 429 else "unknown"
        text = "Something went wrong. Sorry about this!"
        return {"type": kind, "message": text, "hint": self.hint, "trace-id": "0" * 32}
