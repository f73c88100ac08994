"""Teacher (the user of this system) and what they prefer."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from eduhu.db import JsonTypeOf, MillisecondField, new_id, now


class TeacherManager(BaseUserManager["Teacher"]):
    """Makes teachers; e-mail addresses are kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Teacher":
        """Store a teacher. Raises IntegrityError when the address is taken."""
        teacher = self.model(email=email.strip().lower(), **fields)
        teacher.set_password(password)
        teacher.save(using=self._db)
        return teacher

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Teacher":
        """Store a teacher who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "Teacher":
        """Find by e-mail address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class Teacher(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: by e-mail address, with a UUID as id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("de", _("German")), ("en", _("English"))],
        default="de",
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may use the admin"), default=False)
    created_at = MillisecondField(_("created"), default=now, editable=False)

    objects = TeacherManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "teachers"
        verbose_name = _("teacher")
        verbose_name_plural = _("teachers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="teachers_email_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(language__in=["de", "en"]), name="teachers_language_valid"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store; the address is kept in lower case, so that one person is one row."""
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


class IdempotentRequest(models.Model):
    """The answer to a POST that carried an `Idempotency-Key`, kept for a replay."""

    teacher = models.ForeignKey(Teacher, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=80, blank=True)
    body = models.BinaryField(default=bytes)
    created_at = MillisecondField(default=now, db_index=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [
            models.UniqueConstraint(
                fields=["teacher", "key"], name="idempotent_requests_key_unique"
            )
        ]

    def __str__(self) -> str:
        return self.key


class SchoolType(models.TextChoices):
    """Where a teacher works; the names of German schools are not translated."""

    PRIMARY = "grundschule", "Grundschule"
    MAIN = "hauptschule", "Hauptschule"
    INTERMEDIATE = "realschule", "Realschule"
    COMPREHENSIVE = "gesamtschule", "Gesamtschule"
    GRAMMAR = "gymnasium", "Gymnasium"
    SPECIAL = "foerderschule", "Förderschule"
    VOCATIONAL = "berufsschule", "Berufsschule"
    OTHER = "other", _("Other school")


FEDERAL_STATES = {
    "BW": "Baden-Württemberg", "BY": "Bayern", "BE": "Berlin", "BB": "Brandenburg",
    "HB": "Bremen", "HH": "Hamburg", "HE": "Hessen", "MV": "Mecklenburg-Vorpommern",
    "NI": "Niedersachsen", "NW": "Nordrhein-Westfalen", "RP": "Rheinland-Pfalz", "SL": "Saarland",
    "SN": "Sachsen", "ST": "Sachsen-Anhalt", "SH": "Schleswig-Holstein", "TH": "Thüringen",
}  # fmt: skip


class TeacherPreferences(models.Model):
    """What the assistant should know about a teacher; one row each."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    teacher = models.OneToOneField(
        Teacher, on_delete=models.CASCADE, related_name="preferences", verbose_name=_("teacher")
    )
    grade_level = models.CharField(_("grade level"), max_length=40, null=True, blank=True)  # noqa: DJ001 (null = not said)
    subject_areas = models.JSONField(_("subjects"), default=list, blank=True)
    ai_model_preference = models.CharField(_("AI model"), max_length=120, null=True, blank=True)  # noqa: DJ001
    notification_settings = models.JSONField(_("notifications"), default=dict, blank=True)
    federal_state = models.CharField(  # noqa: DJ001 (null = not said)
        _("federal state"),
        max_length=2,
        null=True,
        blank=True,
        choices=list(FEDERAL_STATES.items()),
    )  # fmt: skip
    school_type = models.CharField(  # noqa: DJ001
        _("type of school"), max_length=20, null=True, blank=True, choices=SchoolType
    )
    uses_memory = models.BooleanField(_("memory is used"), default=False, db_default=False)
    updated_at = MillisecondField(_("updated"), default=now, editable=False)

    class Meta:
        db_table = "teacher_preferences"
        verbose_name = _("teacher preferences")
        verbose_name_plural = _("teacher preferences")
        constraints = [
            models.CheckConstraint(
                condition=Exact(JsonTypeOf("subject_areas"), models.Value("array")),
                name="teacher_preferences_subjects_are_a_list",
            ),
            models.CheckConstraint(
                condition=Exact(JsonTypeOf("notification_settings"), models.Value("object")),
                name="teacher_preferences_notifications_are_an_object",
            ),
        ]

    def __str__(self) -> str:
        return f"…{str(self.teacher_id)[-8:]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store and move `updated_at`."""
        self.updated_at = now()
        super().save(*args, **kwargs)
