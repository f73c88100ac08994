"""What readers of one process see when parts of the log were lost on the way."""

import uuid

from chats.models import ReplyState
from chats.replies.events import Ending, Piece
from chats.replies.feed import Feeds

REPLY = (uuid.uuid4(), 1)
BEFORE, BEHIND = [Piece(0, "Es "), Piece(3, "war ")], [Piece(20, "Bruch"), Piece(25, ".")]


def feeds(*pieces, ending=None):
    made = Feeds()
    for piece in pieces:
        made.open(REPLY).add(piece)
    if ending:
        made.open(REPLY).finish(ending)
    return made


async def known(made, offset):
    with made.reader(REPLY) as reader:
        return await reader.after(offset, 0)


async def test_text_behind_a_hole_is_not_shown_with_the_text_before_it():
    made = feeds(*BEFORE, *BEHIND)
    assert await known(made, 0) == (BEFORE, None)
    assert await known(made, 1) == ([Piece(1, "s "), BEFORE[1]], None)


async def test_a_reader_at_a_hole_learns_where_text_begins_again():
    made = feeds(*BEFORE, *BEHIND)
    assert await known(made, 7) == (BEHIND, None)
    assert await known(made, 21) == ([Piece(21, "ruch"), BEHIND[1]], None)


async def test_the_ending_behind_a_hole_is_not_told_before_it():
    ending = Ending(REPLY[0], uuid.uuid4(), ReplyState.COMPLETE, 26)
    made = feeds(*BEFORE, *BEHIND, ending=ending)
    assert await known(made, 0) == (BEFORE, None)
    assert await known(made, 7) == (BEHIND, ending)
