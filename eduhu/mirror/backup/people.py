"""The people of a backup: found here by their address or id, or else made."""

import uuid
from collections.abc import Sequence

from django.db import transaction

from eduhu.mirror.backup.archive import Line
from eduhu.mirror.backup.mapping import TEACHERS, Mapped
from eduhu.mirror.backup.report import CREATED, SKIPPED, UNCHANGED, Report
from eduhu.mirror.backup.scratch import Scratch
from eduhu.mirror.backup.tables import User, accounts
from eduhu.mirror.backup.values import to_id, to_time

_ADDRESSES = "addresses"


def restore_people(
    batch: Sequence[Line], mapped: Mapped, scratch: Scratch, report: Report, *, dry_run: bool
) -> None:
    """Find or make the people of some lines, and keep who they are here."""
    users = _read(batch, mapped, report)
    found = accounts().find(list(users))
    # One person may have several users, whose addresses differ in case.
    by_address = {
        address: uuid.UUID(teacher)
        for address, teacher in scratch.get(_ADDRESSES, [user.email for user in users]).items()
    }
    new: list[User] = []
    for user, line in users.items():
        if user.id not in found and user.email in by_address:
            found[user.id] = by_address[user.email]
        if user.id in found:
            report.count(mapped.namespace, UNCHANGED)
        elif reason := accounts().refusal(user):
            _skip(report, mapped, line, user.id, reason)
        else:
            new.append(user)
            found[user.id] = by_address[user.email] = user.id
            report.count(mapped.namespace, CREATED)
    if not dry_run:
        with transaction.atomic():
            accounts().create(new)
    scratch.put(TEACHERS, found.items())
    scratch.put(_ADDRESSES, ((user.email, user.id) for user in new))


def _read(batch: Sequence[Line], mapped: Mapped, report: Report) -> dict[User, int]:
    users = {}
    for line in batch:
        try:
            user_id = to_id(line.entity.get("id"))
        except ValueError:
            _skip(report, mapped, line.number, line.entity.get("id"), "it has no id that is a UUID")
            continue
        addresses = (line.entity.get(label) for label in mapped.labels["email"])
        email = next((each for each in addresses if isinstance(each, str)), "")
        created_at = to_time(line.created_at) if line.created_at else None
        users[User(user_id, email.strip().lower(), created_at)] = line.number
    return users


def _skip(report: Report, mapped: Mapped, line: int, row_id: object, reason: str) -> None:
    report.count(mapped.namespace, SKIPPED)
    report.tell(mapped.namespace, SKIPPED, line, row_id, reason)
