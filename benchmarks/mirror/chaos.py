"""Web, worker and mirror are killed again and again while teachers write."""

import random
import time
from contextlib import ExitStack

import httpx

from benchmarks.measure import Numbers
from benchmarks.mirror.stand_in import Sent
from benchmarks.mirror.world import World, world
from benchmarks.mirror.writer import Write, Writer
from tests.fakes.ai_script import Script

CHANGES, CHATS, KILLS = 1000, 200, 8
WRITERS = 2
PAUSE = 0.03
ASKED = 0.1  # the share of changes that are questions, for the worker
RECOVERY_SECONDS = 0.1
MOST_SENT_AGAIN = 0.02
SETTINGS = {
    "REPLY_LEASE_SECONDS": "3", "REPLY_HEARTBEAT_SECONDS": "1", "REPLY_SWEEP_SECONDS": "1",
}  # fmt: skip
LIVE = "SELECT id FROM replies WHERE state IN ('queued', 'streaming')"


class Teacher(Writer):
    """A writer who also asks, and does not mind when nobody answers."""

    def write(self) -> None:
        """Try to make one change."""
        try:
            if self.chats and self.dice.random() < ASKED:
                self._ask(self.dice.choice(self.chats))
            else:
                super().write()
        except httpx.HTTPError:  # perhaps it was made, perhaps not
            time.sleep(RECOVERY_SECONDS)

    def _ask(self, chat_id: str) -> None:
        """Ask, and leave as soon as the question is stored."""
        begun, body = time.monotonic(), {"chat_id": chat_id, "content": "Und warum?"}
        with self.client.stream("POST", "/api/chat", json=body) as answer:
            answer.raise_for_status()
        self.writes.append(Write(chat_id, begun, time.monotonic(), 0))


def chaos(runs: int, seed: int) -> Numbers:
    """Play so many runs in one world; each has a seed of its own, beginning with `seed`."""
    with world(**SETTINGS) as here:
        here.cluster.ai.script = Script(tokens=20, delay=0.05)
        here.mirror.start()
        here.wait_until_leading()
        played = [_run(here, seed + number) for number in range(runs)]
    return {"runs": played, "met": all(run["met"] for run in played)}


def _run(here: World, seed: int) -> Numbers:
    writers = [
        Teacher(here, WRITERS * seed + number, teacher=number, most_chats=CHATS // WRITERS)
        for number in range(WRITERS)
    ]
    with ExitStack() as stack:
        for writer in writers:
            stack.enter_context(writer.going_on(WRITERS * PAUSE))
        killed = _kill(here, random.Random(seed), writers)
    _wait_for_replies(here)
    here.wait_until_sent()
    differences = here.differences()
    checked = _checked(here.instant.take())
    wrong = [*differences.values(), checked["resurrected"], checked["out_of_order"]]
    return {
        "seed": seed,
        "changes": _changes(writers),
        "killed": killed,
        **checked,
        "differences": differences,
        "met": not any(wrong) and checked["sent_again_share"] <= MOST_SENT_AGAIN,
    }


def _kill(here: World, dice: random.Random, writers: list[Teacher]) -> Numbers:
    """Kill as often as wanted, spread over the changes; return how often each was hit."""
    programs = {"web": here.cluster.webs[0], "worker": here.cluster.workers[0]}
    victims = dice.sample([*programs, "mirror"] * 3, k=KILLS)  # each twice or three times
    moments = sorted(dice.randrange(CHANGES) for _ in range(KILLS))
    for moment, victim in zip(moments, victims, strict=True):
        _wait_for_changes(writers, moment)
        time.sleep(dice.random() / 5)
        program = programs.get(victim, here.mirror)
        program.kill()
        program.start()
    _wait_for_changes(writers, CHANGES)
    return {victim: victims.count(victim) for victim in sorted(set(victims))}


def _changes(writers: list[Teacher]) -> int:
    return sum(len(writer.writes) for writer in writers)


def _wait_for_changes(writers: list[Teacher], number: int) -> None:
    end = time.monotonic() + 120
    while _changes(writers) < number:
        if time.monotonic() > end:
            raise TimeoutError("nobody can write any more")
        time.sleep(0.01)


def _wait_for_replies(here: World) -> None:
    """Wait until each reply has ended, also those whose worker has died."""
    end = time.monotonic() + 60
    while here.cluster.rows(LIVE):
        if time.monotonic() > end:
            raise TimeoutError("a reply does not end")
        time.sleep(0.2)


def _checked(sent: list[Sent]) -> Numbers:
    """Look at all that was stored, in its order."""
    newest: dict[tuple[str, str], float] = {}
    again = resurrected = out_of_order = 0
    for each in sent:
        row, gone = (each.table, each.row_id), float("inf")
        revision = gone if each.revision is None else each.revision
        before = newest.get(row, 0)
        again += revision == before
        resurrected += before == gone and revision != gone
        out_of_order += revision < before != gone
        newest[row] = revision
    return {
        "rows": len(newest),
        "sent": len(sent),
        "sent_again": again,
        "sent_again_share": round(again / len(sent), 4),
        "resurrected": resurrected,
        "out_of_order": out_of_order,
    }
