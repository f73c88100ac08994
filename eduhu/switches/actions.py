"""What operators do with switches and notices."""

from django.db import transaction
from waffle import get_waffle_switch_model
from waffle.models import Switch

from eduhu.db import now
from eduhu.switches import state
from eduhu.switches.models import Notice


@transaction.atomic
def set_switch(*, name: str, is_on: bool) -> Switch | None:
    """Switch something off or on; return its row, or None where it was so already.

    It holds here with the commit, and within two seconds in every other process.
    """
    switches = get_waffle_switch_model().objects
    switches.get_or_create(name=name, defaults={"active": True})
    row: Switch = switches.select_for_update().get(name=name)
    if row.active == is_on:
        return None
    row.active = is_on
    row.save()
    transaction.on_commit(state.load)
    return row


@transaction.atomic
def store_notice(*, notice: Notice) -> None:
    """Announce something, or change what is announced. Raises IntegrityError for a wrong time.

    It is shown here with the commit, and within two seconds by every other process.
    """
    notice.save()
    transaction.on_commit(state.load)


@transaction.atomic
def end_notice(*, notice: Notice) -> bool:
    """End a notice now; one that has not begun is taken back. Return False if it was over."""
    moment = now()
    running = Notice.objects.not_over().filter(pk=notice.pk)
    ended = running.filter(begins_at__lt=moment).update(ends_at=moment)
    taken_back, _by_model = running.filter(begins_at__gte=moment).delete()
    transaction.on_commit(state.load)
    return bool(ended or taken_back)
