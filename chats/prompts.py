"""From rows to a prompt: who the teacher is, what was said, and the question unchanged."""

from typing import cast

from django.conf import settings

from chats.models import Message, Reply
from chats.providers.base import Prompt, PromptMessage, Role, TeacherProfile
from eduhu.named_queries import named_query
from teachers.memory.queries import for_prompt
from teachers.models import FEDERAL_STATES, SchoolType, Teacher, TeacherPreferences

_INSTRUCTIONS = (
    "You are eduhu, an assistant for teachers. Answer in the language of the last message "
    "(German: use the form of address Sie). Answer in Markdown. Name sources only if you know "
    "them, and say so when you are not sure. Ask back only if an answer would be of no use without "
    "it: then nothing but one short question and a list of two to four short answers to it. Never "
    "ask back twice in a row, nor when the teacher is in a hurry: assume what is usual, and say so."
)


def build_prompt(reply: Reply) -> Prompt:
    """Return the prompt of `reply`: at most `settings.PROMPT_MAX_CHARACTERS` of history."""
    profile = teacher_profile(reply.teacher)
    question = PromptMessage("user", reply.user_message.content)
    is_first = reply.chat.message_count <= 1
    history = _context(reply) or ([] if is_first else _history(reply))
    messages = (_system(profile), *history, question)
    return Prompt(messages, reply.model, profile, partial=reply.earlier_text, wish=reply.wish)


def teacher_profile(teacher: Teacher) -> TeacherProfile:
    """Return what a teacher's preferences say; what was never said stays empty."""
    try:
        preferences = teacher.preferences
    except TeacherPreferences.DoesNotExist:
        return TeacherProfile(language=teacher.language)
    return TeacherProfile(
        language=teacher.language,
        grade_level=preferences.grade_level,
        subject_areas=tuple(preferences.subject_areas),
        federal_state=FEDERAL_STATES.get(preferences.federal_state or ""),
        school_type=_school(preferences.school_type),
        memories=for_prompt(teacher.pk) if preferences.uses_memory else (),
    )


def _school(name: str | None) -> str | None:
    return str(SchoolType(name).label) if name in set(SchoolType) - {SchoolType.OTHER} else None


def _system(profile: TeacherProfile) -> PromptMessage:
    language = "German" if profile.language == "de" else "English"
    lines = [_INSTRUCTIONS, f"Where the message leaves it open, answer in {language}."]
    if profile.subject_areas:
        lines.append(f"The teacher's subjects: {', '.join(profile.subject_areas)}.")
    if profile.grade_level:
        lines.append(f"The teacher's usual grade level: {profile.grade_level}.")
    if profile.school_type:
        lines.append(f"The teacher's type of school: {profile.school_type}.")
    if profile.federal_state:
        lines.append(f"The teacher works in {profile.federal_state}, Germany.")
    if profile.memories:
        lines.append("What the teacher wants you to keep in mind:")
        lines += [f"- {each}" for each in profile.memories]
    return PromptMessage("system", "\n".join(lines))


def _context(reply: Reply) -> list[PromptMessage]:
    return _newest(
        [PromptMessage(turn["role"], turn["content"]) for turn in reversed(reply.context)]
    )


@named_query("messages.history")
def _history(reply: Reply) -> list[PromptMessage]:
    earlier = (
        Message.objects.filter(chat_id=reply.chat_id, timestamp__lt=reply.user_message.timestamp)
        .order_by("-timestamp", "-id")
        .values_list("role", "content")[: settings.PROMPT_MAX_MESSAGES]
    )
    return _newest([PromptMessage(cast(Role, role), content) for role, content in earlier])


def _newest(turns: list[PromptMessage]) -> list[PromptMessage]:
    """Keep the newest of `turns` (newest first) that fit, and return them oldest first."""
    room = settings.PROMPT_MAX_CHARACTERS
    kept: list[PromptMessage] = []
    for turn in turns:
        room -= len(turn.content)
        if room < 0:
            break
        kept.append(turn)
    return kept[::-1]
