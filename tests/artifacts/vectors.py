"""Vectors that need no model: texts about the same thing are the same, all others have nothing in common."""

from array import array

from artifacts.recommendations.models import Vector
from eduhu import embedding

THINGS = ("bruch", "brüche", "licht", "igel")


def vector_of(text):
    """The vector of the first thing that a text names."""
    numbers = array("f", bytes(4 * embedding.DIMENSIONS))
    place = next((n for n, thing in enumerate(THINGS) if thing in text.lower()), len(THINGS))
    numbers[max(place - 1, 0)] = 1.0  # the first two are one thing
    return numbers.tobytes()


def embed(texts):
    return [vector_of(text) for text in texts]


def give_vectors(text, *row_ids, model=None):
    """Store what a worker would store for these rows."""
    rows = Vector.objects.filter(row_id__in=row_ids)
    made = {"vector": vector_of(text), "model": model or embedding.model(), "due_at": None}
    assert rows.update(**made) == len(row_ids)
