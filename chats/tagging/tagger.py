"""Judges what messages are about, on this machine: a lexicon and a small model. No database."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from chats.tagging import lexicon
from chats.tagging.head import head
from eduhu import embedding
from eduhu.embedding import EmbeddingUnavailable

OTHER = "other"
LEXICON, MODEL, PROVIDER, TEACHER = "lexicon", "model", "provider", "teacher"

# A word that gives a topic away is worth as much as all the model says.
_WEIGHT_OF_A_WORD = 0.5
# What the lexicon alone is worth: right six times in ten, when it says anything.
_ONE_TOPIC, _SEVERAL = 0.6, 0.3
# A second topic is told where it is nearly as likely as the first.
_NEARLY, _LIKELY = 0.4, 0.2

_LEAST = 0.25  # what is less likely is no topic

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tags:
    """What a message is about: one topic or two, the likelier first; never none."""

    topics: tuple[str, ...]
    confidence: float
    source: str
    version: str

    @property
    def topic(self) -> str:
        """The likeliest topic."""
        return self.topics[0]

    @property
    def is_sure(self) -> bool:
        """Whether nobody else need be asked."""
        return self.source == TEACHER or self.confidence >= head().sure


def tag(texts: Sequence[str]) -> list[Tags]:
    """Judge messages, many at a time; never raises: without the model by the lexicon alone."""
    if not texts:
        return []
    if embedding.model() != head().model:
        return [_by_words(text) for text in texts]
    try:
        vectors = embedding.embed(texts)
    except EmbeddingUnavailable as error:
        logger.warning("topics by the lexicon alone: %s", error)
        return [_by_words(text) for text in texts]
    return [_judged(text, vector) for text, vector in zip(texts, vectors, strict=True)]


def _judged(text: str, vector: embedding.Vector) -> Tags:
    if not any(map(str.isalpha, text)):
        return Tags((OTHER,), 0.0, LEXICON, head().version)
    likely = head().judge(vector)
    by_model = max(likely, key=likely.__getitem__)
    found = lexicon.hits(text)
    if len(found) == 1:
        [topic] = found
        likely = {name: value * (1 - _WEIGHT_OF_A_WORD) for name, value in likely.items()}
        likely[topic] += _WEIGHT_OF_A_WORD
    first, second = sorted(likely, key=likely.__getitem__, reverse=True)[:2]
    confidence = round(likely[first], 3)
    source = MODEL if first == by_model else LEXICON
    if confidence < _LEAST:
        return Tags((OTHER,), confidence, source, head().version)
    is_both = likely[second] >= max(_LIKELY, _NEARLY * likely[first]) and OTHER not in {
        first,
        second,
    }
    return Tags((first, second) if is_both else (first,), confidence, source, head().version)


def _by_words(text: str) -> Tags:
    found = lexicon.hits(text)
    topics = tuple(sorted(found, key=found.__getitem__, reverse=True)[:2]) or (OTHER,)
    confidence = {0: 0.0, 1: _ONE_TOPIC}.get(len(found), _SEVERAL)
    return Tags(topics, confidence, LEXICON, head().version)
