"""The program of the child: vectors for texts, line by line, until nobody asks any more.

It is run by its path and imports nothing of eduhu, so that it starts fast and stays small.
"""

import base64
import json
import select
import sys
from pathlib import Path


def main(seconds_idle: float) -> None:
    """Answer lines until the input ends, or none comes for so long."""
    sys.path.insert(0, str(Path(__file__).parent))
    from local import embed  # type: ignore[import-not-found]  # the file beside this one

    while select.select([sys.stdin], [], [], seconds_idle)[0]:
        # No more than one line is under way, so none is left behind in the buffer.
        line = sys.stdin.buffer.readline()
        if not line:
            return
        vectors = [base64.b64encode(each) for each in embed(json.loads(line))]
        sys.stdout.buffer.write(b" ".join(vectors) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]))
