"""The program of the child: vectors for texts, line by line, until nobody asks any more.

It is run by its path and imports nothing of eduhu, so that it starts fast and stays small.
"""

import base64
import json
import queue
import sys
import threading
from pathlib import Path


def main(seconds_idle: float) -> None:
    """Answer lines until the input ends, or none comes for so long."""
    sys.path.insert(0, str(Path(__file__).parent))
    from local import embed  # type: ignore[import-not-found]  # the file beside this one

    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_into, args=(lines,), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=seconds_idle)
        except queue.Empty:
            return
        if not line:
            return
        vectors = [base64.b64encode(each) for each in embed(json.loads(line))]
        sys.stdout.buffer.write(b" ".join(vectors) + b"\n")
        sys.stdout.buffer.flush()


def _read_into(lines: "queue.SimpleQueue[bytes]") -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    lines.put(b"")


if __name__ == "__main__":
    main(float(sys.argv[1]))
