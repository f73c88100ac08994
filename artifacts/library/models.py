"""Collections, shares, favourites, tags; and what the database keeps to find things by.

Rows that hang on an artifact or a message go with it by triggers (`triggers.py`), so that
deleting one takes no statement for each of these tables.
"""

from typing import Self

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from artifacts.models import Artifact
from eduhu.db import MillisecondField, new_id, now
from teachers.models import Teacher

NAME_MAX = 120
TAG_MAX = 40


class CollectionQuerySet(models.QuerySet["Collection"]):
    """Collections, reached through their owner, or through what the owner allows."""

    def for_teacher(self, teacher: Teacher) -> Self:
        """Keep the collections of `teacher`."""
        return self.filter(teacher_id=teacher.pk)

    def shared_with(self, teacher: Teacher) -> Self:
        """Keep the collections that others let `teacher` read, at this moment."""
        shares = Share.objects.filter(receiver_id=teacher.pk, collection__isnull=False)
        return self.filter(pk__in=shares.values("collection_id"))


class Collection(models.Model):
    """A named, ordered list of its owner's artifacts; an artifact may be in several."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="collections", verbose_name=_("teacher")
    )
    name = models.CharField(_("name"), max_length=NAME_MAX)
    created_at = MillisecondField(_("created"), default=now, editable=False)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        db_table = "collections"
        verbose_name = _("collection")
        verbose_name_plural = _("collections")

    def __str__(self) -> str:
        return self.name


class CollectionItem(models.Model):
    """An artifact at its place in a collection; places rise, and may have gaps."""

    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    artifact = models.ForeignKey(Artifact, on_delete=models.DO_NOTHING, related_name="places")
    position = models.PositiveIntegerField()

    class Meta:
        db_table = "collection_items"
        constraints = [
            models.UniqueConstraint(fields=["collection", "artifact"], name="collection_items_once")
        ]

    def __str__(self) -> str:
        return f"{self.position}"


class Share(models.Model):
    """An owner lets the teacher with an e-mail address read an artifact, or a collection.

    The row looks the same whether anybody has that address: without a `receiver` it
    waits for one (`sharing.py`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="shares_given", verbose_name=_("teacher")
    )
    artifact = models.ForeignKey(
        Artifact, on_delete=models.DO_NOTHING, null=True, related_name="shares"
    )
    collection = models.ForeignKey(
        Collection, on_delete=models.CASCADE, null=True, related_name="shares"
    )
    email = models.EmailField(_("e-mail address"), max_length=254)
    receiver = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, null=True, related_name="shares_received"
    )
    created_at = MillisecondField(_("created"), default=now, editable=False)

    class Meta:
        db_table = "shares"
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        indexes = [
            models.Index(
                fields=["email"], name="shares_waiting", condition=Q(receiver__isnull=True)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(artifact__isnull=True) ^ Q(collection__isnull=True),
                name="shares_of_one_thing",
            ),
            models.UniqueConstraint(fields=["artifact", "email"], name="shares_artifact_once"),
            models.UniqueConstraint(fields=["collection", "email"], name="shares_collection_once"),
        ]

    def __str__(self) -> str:
        return f"…{str(self.pk)[-8:]}"


class Favourite(models.Model):
    """A teacher marked an artifact, their own or a shared one."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="favourites", db_index=False
    )
    artifact = models.ForeignKey(Artifact, on_delete=models.DO_NOTHING, related_name="favourites")

    class Meta:
        db_table = "favourites"
        constraints = [
            models.UniqueConstraint(fields=["teacher", "artifact"], name="favourites_once")
        ]

    def __str__(self) -> str:
        return f"…{str(self.artifact_id)[-8:]}"


class Tag(models.Model):
    """A word a teacher put on an artifact; `key` is what makes two spellings the same."""

    teacher = models.ForeignKey(
        Teacher, on_delete=models.CASCADE, related_name="tags", db_index=False
    )
    artifact = models.ForeignKey(Artifact, on_delete=models.DO_NOTHING, related_name="tags")
    name = models.CharField(max_length=TAG_MAX)
    key = models.CharField(max_length=2 * TAG_MAX)

    class Meta:
        db_table = "artifact_tags"
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "artifact", "key"], name="artifact_tags_once"
            )
        ]
        indexes = [models.Index(fields=["teacher", "key"], name="artifact_tags_of_teacher")]

    def __str__(self) -> str:
        return self.name


class Facets(models.Model):
    """What a document says about itself, to filter by; kept by a trigger."""

    artifact = models.OneToOneField(
        Artifact, on_delete=models.DO_NOTHING, primary_key=True, related_name="facets"
    )
    subject = models.TextField(null=True)  # noqa: DJ001 (null = not said)
    grade = models.TextField(null=True)  # noqa: DJ001
    topic = models.TextField(null=True)  # noqa: DJ001
    teacher_id = models.UUIDField(null=True, db_index=True)  # whose artifacts are filtered

    class Meta:
        db_table = "artifact_facets"

    def __str__(self) -> str:
        return self.topic or ""


class TsVectorField(models.TextField):  # type: ignore[type-arg]  # not generic at run time
    """PostgreSQL's stemmed words; on SQLite a column that stays empty. Python never reads it."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the type, which SQLite takes like any name."""
        return "tsvector"


class SearchEntry(models.Model):
    """A message, the title of a chat, or an artifact, as it is searched; kept by triggers.

    PostgreSQL fills `vector`, SQLite `title` and `body`, which its FTS5 table reads.
    `row_id` is no foreign key: whoever deletes messages must not look here first.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=8)  # message, chat, artifact
    row_id = models.UUIDField()
    chat_id = models.UUIDField(null=True)
    teacher_id = models.UUIDField(null=True)
    title = models.TextField(null=True)  # noqa: DJ001 (null: this is PostgreSQL)
    body = models.TextField(null=True)  # noqa: DJ001
    vector = TsVectorField(null=True)

    class Meta:
        db_table = "search_entries"
        constraints = [
            models.UniqueConstraint(fields=["row_id", "source"], name="search_entries_of_row")
        ]
        indexes = [models.Index(fields=["teacher_id", "source"], name="search_entries_of_teacher")]

    def __str__(self) -> str:
        return f"{self.source} …{str(self.row_id)[-8:]}"
