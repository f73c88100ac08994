"""The starter library: material of ours that is sound, useful in both languages, and findable."""

from collections import Counter

import pytest

from artifacts import documents
from artifacts.exports import preview
from artifacts.kinds import KINDS
from artifacts.recommendations import school_year, starter
from artifacts.recommendations.queries import grades_of
from chats.topics import TOPICS

pytestmark = pytest.mark.claim(94)

LIBRARY = starter.library()


def test_there_is_enough_of_it_in_both_languages_and_of_every_kind():
    languages = Counter(each.document["language"] for each in LIBRARY.values())
    assert min(languages["de"], languages["en"]) >= 30
    assert {each.document["kind"] for each in LIBRARY.values()} == set(KINDS)
    assert len(LIBRARY) == len(list(starter.FOLDER.glob("*/*.json")))  # no name twice
    assert len({each.document.get("subject") for each in LIBRARY.values()}) >= 20


def test_every_piece_is_a_sound_document_that_can_be_printed():
    for slug, each in LIBRARY.items():
        kind, _content = documents.checked(each.document)
        assert (starter.FOLDER / each.document["language"] / f"{slug}.json").exists()
        artifact = {"title": each.title, "kind": kind.name, "content": each.document}
        for edition in ("teacher", "pupil"):
            assert len(preview(artifact, edition).split()) > 40, slug
        assert set(each.topics) <= set(TOPICS), slug
        assert set(each.seasons) <= set(school_year.SEASONS), slug
        assert grades_of(each.document["grade"]), slug
        assert each.summary.endswith((".", "?")), slug


def test_there_is_something_for_most_seasons():
    made_for = {season for each in LIBRARY.values() for season in each.seasons}
    assert made_for >= {"school_start", "autumn", "christmas", "easter", "summer"}


def test_a_piece_keeps_its_id():
    assert str(LIBRARY["igel-im-herbst-mystery"].item_id) == "997064a4-292b-5b7c-af65-e97279795923"


def test_vectors_of_other_words_or_models_do_not_serve(monkeypatch):
    monkeypatch.setattr(starter.embedding, "model", lambda: "other-1")
    starter.vectors.cache_clear()
    try:
        assert starter.vectors() == {}
    finally:
        starter.vectors.cache_clear()
