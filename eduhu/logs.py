"""How lines of the log look: JSON for programs, or one line for people.

Each line says of what it is: `request_id`, `teacher` (a pseudonym), `reply_id`,
`task_id`. Whoever begins such work calls `know`; all that happens in this context, in
threads and tasks started from it as well, has it on its lines.

No line holds what teachers write. Of an error the log keeps type, place, and a message
in which quoted values are left out: databases and parsers quote what they choke on.
"""

import logging
import re
import traceback
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import TracebackType
from typing import Any, ClassVar

import orjson
import structlog
from django.conf import settings
from django.utils.crypto import salted_hmac

LONGEST_MESSAGE = 300
LONGEST_TRACEBACK = 40  # frames
# Their quotes hold names of code.
_OF_CODE = {"TypeError", "AttributeError", "NameError", "ImportError", "ModuleNotFoundError"}
_QUOTED = re.compile(r"""(?<!\w)('[^']*'|"[^"]*"|“[^”]*”|„[^“]*“)""")
_NAME_OF_SCHEMA = re.compile(r'\b(?:constraint|relation|column|table|index|function) "\w+"')

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_known: ContextVar[Mapping[str, str]] = ContextVar("log_context", default={})  # noqa: B039 (never changed)


def know(*, teacher: uuid.UUID | None = None, **ids: str | uuid.UUID) -> None:
    """Put these on every line from here on; a teacher under a pseudonym."""
    named = {name: str(value) for name, value in ids.items()}
    if teacher is not None:
        named["teacher_id"] = str(teacher)
    _known.set({**_known.get(), **named})


def forget() -> None:
    """Know nothing any more: another piece of work begins."""
    _known.set({})


def known() -> Mapping[str, str]:
    """Return what is known here; `teacher_id` stands in no log."""
    return _known.get()


def context() -> dict[str, str]:
    """Return what stands on each line."""
    shown = dict(_known.get())
    if teacher_id := shown.pop("teacher_id", None):
        shown["teacher"] = pseudonym(teacher_id)
    return shown


@lru_cache(maxsize=4096)
def pseudonym(teacher_id: str) -> str:
    """Return what stands for a teacher: always the same here, and telling nothing elsewhere."""
    return salted_hmac("eduhu.logs", teacher_id, algorithm="sha256").hexdigest()[:16]


def harmless_message(error: BaseException) -> str:
    """Return what an error says, without what it quotes."""
    return harmless_text(str(error), type(error).__name__)


def harmless_text(text: str, kind: str) -> str:
    """Return what an error of the class `kind` says, in one line, without what it quotes."""
    # After the first line databases tell details: whole rows.
    text = text[: 4 * LONGEST_MESSAGE].partition("\n")[0]
    if kind not in _OF_CODE:
        names = _NAME_OF_SCHEMA.findall(text)
        text = _QUOTED.sub("…", text)
        text += f" ({', '.join(names)})" if names else ""
    return text[:LONGEST_MESSAGE].strip()


def harmless_traceback(exc_info: Any) -> str:
    """Return a traceback, also of what caused it, without locals and quoted values."""
    error: BaseException | None = exc_info[1]
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)[-LONGEST_TRACEBACK:]
        head = "Traceback (most recent call last):\n"
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        body = "".join(traceback.format_list(frames))
        parts.append(f"{head}{body}{name}: {harmless_message(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich came from\n\n".join(parts)


class LineFormatter(logging.Formatter):
    """One line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Add what is known of the work."""
        ids = " ".join(f"{name}={value}" for name, value in context().items())
        record.context = ids.replace("request_id=", "", 1) or "-"
        return super().format(record)

    def formatException(self, ei: Any) -> str:
        """Without values."""
        return harmless_traceback(ei)


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """One JSON object for each line."""

    SHARED: ClassVar[list[Any]] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        super().__init__(
            foreign_pre_chain=self.SHARED,
            processors=[_add_context, _add_error, self.remove_processors_meta, _rendered],
        )


def _add_context(_logger: Any, _method: str, event: Any) -> Any:
    return {**event, **context(), "environment": settings.ENVIRONMENT}


def _add_error(_logger: Any, _method: str, event: Any) -> Any:
    exc_info = event.pop("exc_info", None)
    record = event.get("_record")
    if not exc_info and record is not None:
        exc_info = record.exc_info
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        event["error"] = type(exc_info[1]).__name__
        event["traceback"] = harmless_traceback(exc_info)
    return event


def _rendered(_logger: Any, _method: str, event: Any) -> str:
    event["message"] = event.pop("event", "")
    return orjson.dumps(event, default=str).decode()
