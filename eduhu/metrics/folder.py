"""The folder in which the processes of a machine keep their numbers together.

A process that ended leaves its files. What it has counted must stay in the sums, or a
counter would fall; its gauges must go. So the counts of the dead are added up in one
file. All processes that use a folder must see each other's ids: containers need a
folder each.
"""

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

KEPT = ("counter", "histogram")
DEAD = 0  # whose files hold the sums of all that ended


@contextmanager
def tidied(folder: Path) -> Iterator[None]:
    """Have the folder to oneself, with nothing of the dead but their sums."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in folder.glob("*.db"):
            kind, _, pid = file.stem.rpartition("_")
            if pid.isdigit() and int(pid) != DEAD and not is_alive(int(pid)):
                _bury(file, kind)
        yield


def is_alive(pid: int) -> bool:
    """Whether a process of this machine has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _bury(file: Path, kind: str) -> None:
    # Renamed first: who dies on the way loses counts, but counts none twice.
    dead = file.rename(file.with_suffix(".dead"))
    try:
        if kind in KEPT:
            _add(dead, file.with_name(f"{kind}_{DEAD}.db"))
    except (RuntimeError, ValueError, struct.error):
        logger.warning("what an ended process has counted is lost", exc_info=True)
    finally:
        dead.unlink()


def _add(file: Path, to: Path) -> None:
    with closing(MmapedDict(str(to))) as sums:
        for key, value, _time, _at in MmapedDict.read_all_values_from_file(str(file)):
            before, _time = sums.read_value(key)
            sums.write_value(key, before + value, 0.0)
