"""Rows of replies for the readers of a process, looked up for all who ask at one time.

Readers that hear nothing from the log ask for their row each second. When the log is
away, or the process late, that is all of them at once.
"""

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterable
from contextvars import Context

from chats.models import Reply
from eduhu.threads import in_thread

AT_ONCE = 64

Load = Callable[[Collection[uuid.UUID]], Iterable[Reply]]


class Rows:
    """Asks the database once at a time; who comes meanwhile is in the next look.

    So no answer is older than the question. One event loop only.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._wanted: dict[uuid.UUID, asyncio.Future[Reply | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def look_up(self, reply_id: uuid.UUID) -> Reply | None:
        """Return a reply as it is now, or None when it was deleted.

        Raises what the database does.
        """
        wanted = self._wanted.get(reply_id)
        if wanted is None:
            wanted = self._wanted[reply_id] = asyncio.get_running_loop().create_future()
        if self._task is None:
            # In nobody's context: it is not of one request.
            looking = self._answer_all()
            self._task = asyncio.create_task(looking, name="reply-rows", context=Context())
        return await asyncio.shield(wanted)  # others may wait for the same

    async def _answer_all(self) -> None:
        while self._wanted:
            taken = [(key, self._wanted.pop(key)) for key in list(self._wanted)[:AT_ONCE]]
            try:
                rows = await in_thread(self._load)([reply_id for reply_id, _ in taken])
            except Exception as error:  # noqa: BLE001 (it is raised where somebody waits)
                for _, wanted in taken:
                    wanted.set_exception(error)
                    wanted.exception()  # who waited may have left
                continue
            found = {row.pk: row for row in rows}
            for reply_id, wanted in taken:
                wanted.set_result(found.get(reply_id))
        self._task = None
