"""`ws/events`: a teacher's own changes, on every device, as they happen."""

import uuid

from eduhu import errors, events
from eduhu.threads import in_thread
from teachers.sockets import Frame, TeacherSocket


class EventsConsumer(TeacherSocket):
    """Sends `changed` with the row as it is now, or `deleted`; answers only `ping`.

    `seq` counts the events of this socket. After `ready` nothing is missed: take the
    snapshot then.
    """

    async def connect(self) -> None:
        """Say when the socket hears."""
        self._seq = 0
        await super().connect()
        if self._joined:
            await self.send_frame({"type": "ready"})

    async def answer(self, frame: Frame) -> None:
        """Answer `ping`. Raises InvalidInput for anything else."""
        if frame.get("type") != "ping":
            raise errors.InvalidInput
        await self.send_frame({"type": "pong"})

    async def row_changed(self, event: events.Event) -> None:
        """Send the row as it is now."""

        async def load_and_send() -> None:
            table, row_id = event["table"], uuid.UUID(event["id"])
            row = await in_thread(events.load_row)(self.teacher, table, row_id)
            self._seq += 1
            what = {"type": "deleted"} if row is None else {"type": "changed", "row": row}
            await self.send_frame({**what, "table": table, "id": row_id, "seq": self._seq})

        await self.guarded(load_and_send)
