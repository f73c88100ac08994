"""The reply log: every reader sees every character once, then the ending."""

import asyncio
import time
import uuid

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from redis.asyncio import Redis

from chats.models import ReplyState
from chats.replies.events import Ending
from chats.replies.log import MemoryReplyLog
from chats.replies.redis_log import RedisReplyLog, stream_key

SECONDS = 10.0
WORDS = ["Es ", "war ", "🐺 ", "einmal ", "👩‍🏫", ".\n"]
STORY = "".join(WORDS)


def memory(tick=0.01, **options):
    return MemoryReplyLog(tick=tick, **options)


def redis(tick=0.01):
    return RedisReplyLog(settings.REDIS_URL, tick=tick)


@pytest.fixture(params=[memory, pytest.param(redis, marks=pytest.mark.services)])
async def log(request):
    made = request.param()
    yield made
    await made.close()


def ending(reply_id, offset, state=ReplyState.COMPLETE):
    return Ending(reply_id, uuid.uuid4(), state, offset, 1, "stop")


async def read(log, reply_id, offset=0):
    """Everything after `offset`, up to the ending; fails at a gap or a double."""
    text, seconds = "", SECONDS
    with log.reader(reply_id, 1) as reader:
        while True:
            pieces, ended = await reader.after(offset, seconds)
            assert pieces or ended, "nothing came"
            for piece in pieces:
                assert (piece.offset, piece.text != "") == (offset, True)
                text, offset = text + piece.text, piece.end
            if ended:
                assert ended.offset == offset
                return text


def write(log, reply_id, words):
    log.begin(reply_id)
    for word in words:
        log.append(reply_id, word)
    log.end(ending(reply_id, len("".join(words))))


@pytest.mark.parametrize("offset", range(len(STORY) + 1))
async def test_a_late_reader_finds_everything_after_its_position(offset):
    log, reply_id = memory(), uuid.uuid4()
    write(log, reply_id, WORDS)
    assert await read(log, reply_id, offset) == STORY[offset:]
    await log.close()


async def test_positions_in_the_middle_of_a_piece_cut_it(log):
    reply_id = uuid.uuid4()
    write(log, reply_id, [STORY])
    for offset in (0, 1, 8, 9, len(STORY) - 1, len(STORY)):
        assert await read(log, reply_id, offset) == STORY[offset:]


async def test_a_reader_may_wait_for_a_reply_before_it_begins(log):
    reply_id = uuid.uuid4()
    async with asyncio.TaskGroup() as group:
        early = [group.create_task(read(log, reply_id)) for _ in range(3)]
        await asyncio.sleep(0.02)
        write(log, reply_id, WORDS)
    assert [task.result() for task in early] == [STORY] * 3


async def test_a_reply_that_nobody_writes_is_silent(log):
    with log.reader(uuid.uuid4(), 1) as reader:
        assert await reader.after(0, 0.05) == ([], None)


async def test_a_reply_without_text_has_an_ending(log):
    reply_id = uuid.uuid4()
    write(log, reply_id, [])
    assert await read(log, reply_id) == ""


async def test_the_first_text_and_the_ending_do_not_wait_for_the_tick():
    log, reply_id, before = memory(tick=30), uuid.uuid4(), time.monotonic()
    log.begin(reply_id)
    with log.reader(reply_id, 1) as reader:
        log.append(reply_id, "Es ")
        pieces, _ = await reader.after(0, SECONDS)
        assert [piece.text for piece in pieces] == ["Es "]
        log.append(reply_id, "war ")
        log.append(reply_id, "einmal")
        assert await reader.after(3, 0.02) == ([], None)
        log.end(ending(reply_id, 13))
        pieces, ended = await reader.after(3, SECONDS)
    assert [piece.text for piece in pieces] == ["war einmal"]
    assert ended is not None
    assert time.monotonic() - before < 5
    await log.close()


async def test_what_is_read_in_the_turn_of_the_tick_does_not_wait_for_the_next():
    log, reply_id = memory(tick=0.2), uuid.uuid4()
    log.begin(reply_id)
    log.append(reply_id, "Es ")
    with log.reader(reply_id, 1) as reader:
        await log.turn()
        log.append(reply_id, "war ")
        pieces, _ = await reader.after(3, 0.1)
    assert [piece.text for piece in pieces] == ["war "]
    await log.close()


async def test_who_waits_for_the_tick_is_released_at_the_end(log):
    waiting = asyncio.create_task(log.turn())
    await asyncio.sleep(0)
    await log.close()
    await asyncio.wait_for(waiting, SECONDS)


async def test_text_within_one_tick_is_one_piece(log):
    reply_id = uuid.uuid4()
    log.begin(reply_id)
    with log.reader(reply_id, 1) as reader:
        for word in WORDS:
            log.append(reply_id, word)
        pieces = []
        while sum(len(piece.text) for piece in pieces) < len(STORY):
            pieces += (await reader.after(pieces[-1].end if pieces else 0, SECONDS))[0]
    assert len(pieces) <= 2
    log.end(ending(reply_id, len(STORY)))


async def test_an_ended_reply_is_forgotten_after_a_while_but_not_under_a_reader():
    log, reply_id = memory(keep=0.02), uuid.uuid4()
    with log.reader(reply_id, 1) as reader:
        write(log, reply_id, WORDS)
        await asyncio.sleep(0.05)
        pieces, ended = await reader.after(0, SECONDS)
        assert "".join(piece.text for piece in pieces) == STORY
        assert ended is not None
    with log.reader(reply_id, 1) as reader:
        assert await reader.after(0, 0.02) == ([], None)
    await log.close()


async def test_a_reader_that_leaves_does_not_disturb_the_others(log):
    reply_id = uuid.uuid4()
    staying = asyncio.create_task(read(log, reply_id))
    leaving = asyncio.create_task(read(log, reply_id))
    log.begin(reply_id)
    log.append(reply_id, STORY)
    await asyncio.sleep(0.05)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    log.end(ending(reply_id, len(STORY)))
    assert await staying == STORY


PIECES = st.lists(st.text(min_size=1, max_size=5), max_size=30)
READERS = st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=5)


@effort(max_examples=60, deadline=None)
@given(words=PIECES, readers=READERS, pauses=st.sets(st.integers(0, 30)))
def test_readers_at_any_time_and_position_see_every_character_once(words, readers, pauses):
    """`readers`: after how many words each comes, and where in the text so far it begins."""
    text = "".join(words)

    async def run():
        log, reply_id, tasks = memory(tick=0.0), uuid.uuid4(), []
        log.begin(reply_id)

        def enter(moment):
            reached = len("".join(words[:moment]))
            for when, share in readers:
                if min(when, len(words)) == moment:
                    offset = int(share * reached)
                    tasks.append((offset, asyncio.create_task(read(log, reply_id, offset))))

        for number, word in enumerate(words):
            enter(number)
            log.append(reply_id, word)
            if number in pauses:
                await asyncio.sleep(0)
        enter(len(words))
        log.end(ending(reply_id, len(text)))
        for offset, task in tasks:
            assert await task == text[offset:]
        await log.close()

    asyncio.run(run())


async def test_a_later_attempt_is_read_without_what_a_dead_worker_had_written(log):
    reply_id, zombie = uuid.uuid4(), log
    zombie.begin(reply_id)
    zombie.append(reply_id, "kept, and lost with its worker")
    await asyncio.sleep(0.05)
    log.begin(reply_id, len("kept, "), 2)
    log.append(reply_id, "and written again")
    whole = "kept, and written again"
    log.end(Ending(reply_id, uuid.uuid4(), ReplyState.COMPLETE, len(whole), 2, "stop"))
    with log.reader(reply_id, 2) as reader:
        pieces, ended = await reader.after(len("kept, "), SECONDS)
        while not ended:
            more, ended = await reader.after(pieces[-1].end, SECONDS)
            pieces += more
    assert "kept, " + "".join(piece.text for piece in pieces) == whole


@pytest.mark.services
async def test_what_a_dead_worker_leaves_in_redis_goes_away_by_itself():
    made, reply_id = redis(), uuid.uuid4()
    made.begin(reply_id)
    made.append(reply_id, "never ended")
    await made.close()
    client = Redis.from_url(settings.REDIS_URL)
    assert 0 < await client.ttl(stream_key((reply_id, 1))) <= 3_600
    await client.aclose()
