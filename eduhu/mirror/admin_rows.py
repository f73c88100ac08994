"""What staff do with single rows of the mirror, from a list or from the row's own page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from eduhu.mirror import actions, capture
from eduhu.mirror.actions import Row
from eduhu.mirror.models import OutboxEntry

KINDS = {
    "equal": _("equal"),
    "different": _("different"),
    "missing": _("missing"),
    "extra": _("extra"),
    "foreign": _("foreign"),
}
FINDINGS = {
    "equal": _("InstantDB holds it as we do."),
    "different": _("InstantDB holds it otherwise; it is sent again."),
    "missing": _("InstantDB does not hold it; it is sent again."),
    "extra": _("It is gone here, but InstantDB still holds it; it is deleted there."),
    "foreign": _(
        "It is not here, and eduhu did not write it to InstantDB; it stays there."
        " “Send again” deletes it."
    ),
}


def rows_of(entries: Iterable[OutboxEntry]) -> list[Row]:
    """Return the rows of entries, each once."""
    return sorted({(entry.table, entry.row_id) for entry in entries})


def send_entries(request: HttpRequest, entries: Sequence[OutboxEntry]) -> None:
    """Send entries again, and say so."""
    actions.send_again(entries=entries)
    _say_sent(request, rows_of(entries))


def send_rows(request: HttpRequest, rows: Sequence[Row]) -> None:
    """Send rows that need have no entry, and say so."""
    actions.send_rows(rows=rows)
    _say_sent(request, rows)


def _say_sent(request: HttpRequest, rows: Sequence[Row]) -> None:
    _log(request, dict.fromkeys(rows, gettext("Sent to InstantDB again.")))
    text = ngettext("%(number)d row is sent again.", "%(number)d rows are sent again.", len(rows))
    messages.success(request, text % {"number": len(rows)})


def compare(request: HttpRequest, rows: Iterable[Row]) -> None:
    """Compare rows with InstantDB, mend what is ours, and say what was found."""
    from eduhu.mirror.failures import MirrorError  # here: it brings a second HTTP client

    rows = [row for row in rows if row[0] in capture.sources()]
    try:
        found = actions.compare(rows=rows)
    except MirrorError as error:
        text = gettext("InstantDB cannot be asked now, nothing was changed: %(reason)s")
        messages.error(request, text % {"reason": error})
        return
    _log(request, {row: str(FINDINGS[kind]) for row, kind in found.items()})
    counts = Counter(found.values())
    level = messages.WARNING if counts.keys() - {"equal"} else messages.SUCCESS
    messages.add_message(request, level, _in_words(counts))


def _in_words(counts: Counter[str]) -> str:
    if not counts:
        return gettext("Nothing of this is a row of a mirrored table.")
    if counts.total() == 1:
        return str(FINDINGS[next(iter(counts))])
    numbers = ", ".join(f"{number} × {KINDS[kind]}" for kind, number in sorted(counts.items()))
    sentences = [f"{numbers}."]
    if counts.keys() - {"equal", "foreign"}:
        sentences.append(gettext("What differs is sent again."))
    if counts["foreign"]:
        sentences.append(gettext("Foreign rows stay."))
    return " ".join(sentences)


def _log(request: HttpRequest, said: dict[Row, str]) -> None:
    """Write it into the history of each row, as the admin does for changes."""
    assert request.user.is_authenticated
    sources = capture.sources()
    types = ContentType.objects.get_for_models(*(source.model for source in sources.values()))
    LogEntry.objects.bulk_create(
        LogEntry(
            user=request.user,
            content_type=types[sources[table].model] if table in sources else None,
            object_id=str(row_id),
            object_repr=f"{table} {row_id}",
            action_flag=CHANGE,
            change_message=text,
        )
        for (table, row_id), text in said.items()
    )


def title_of(table: str) -> Any:
    """Name a table as its pages do."""
    source = capture.sources().get(table)
    return source.model._meta.verbose_name_plural if source else table
