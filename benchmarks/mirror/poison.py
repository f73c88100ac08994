"""One row that InstantDB never takes, among many that it does."""

import time
import uuid

from benchmarks.measure import Numbers
from benchmarks.mirror.world import World, world

ROWS = 3000
# A chat, its messages, and the preferences that cannot be stored.
MAKE_ROWS = """
from chats.models import Chat, Message
from teachers.models import Teacher, TeacherPreferences

teacher = Teacher.objects.get(email="t0@eduhu.example")
chat = Chat.objects.create(teacher=teacher, title="Optik")
messages = (Message(chat=chat, role="user", content=f"Frage {{n}}") for n in range({messages}))
Message.objects.bulk_create(messages)
TeacherPreferences.objects.create(teacher=teacher)
print(teacher.pk)
"""
PARKED = "SELECT table_name, reason FROM mirror_outbox WHERE parked_at IS NOT NULL"


def poison() -> Numbers:
    """Send rows of which one has a value that must be unique and is not."""
    with world() as here:
        teacher_id = here.run("shell", "-v0", "-c", MAKE_ROWS.format(messages=ROWS - 2)).strip()
        foreign = _take_their_place(here, teacher_id)
        begun = time.monotonic()
        here.mirror.start()
        here.wait_until_sent()
        seconds = time.monotonic() - begun
        arrived = {(each.table, each.row_id) for each in here.instant.take()} - {foreign}
        parked = here.cluster.rows(PARKED)
        differences = here.differences()
        return {
            "rows": ROWS,
            "arrived": len(arrived),
            "parked": parked,
            "seconds_with_start": round(seconds, 1),
            "differences": differences,
            "met": len(arrived) == ROWS - 1
            and [each["table_name"] for each in parked] == ["teacher_preferences"]
            and differences == {"missing": 1, "extra": 1, "different": 0},
        }


def _take_their_place(here: World, teacher_id: str) -> tuple[str, str]:
    """Store a row of nobody with the teacher's id, which is unique; return which row it is."""
    table, row_id = "teacher_preferences", str(uuid.uuid4())
    values = {"teacher_id": teacher_id, "mirror_rev": 1}
    here.ask("/admin/transact", {"steps": [["update", table, row_id, values]]})
    return table, row_id
