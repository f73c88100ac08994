"""Makes the document of a wish: asks the AI service, holds the answer to the schema, repairs once.

Only a whole, valid document is ever shown or kept. What it cannot become is a clear error.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import override

from artifacts import documents
from artifacts.actions import create_artifact
from artifacts.exports import md, printable, sheet_of
from artifacts.generation.drafts import draft
from artifacts.generation.wishes import Wish
from artifacts.kinds import KINDS
from artifacts.kinds.base import Document
from chats.providers.base import Finish, Prompt, PromptMessage, Provider, Usage, estimate_usage
from chats.providers.template.english import DEMO_LABEL_EN
from chats.providers.template.german import DEMO_LABEL_DE
from chats.replies.makers import Kept
from eduhu.errors import DocumentNotMade, InvalidInput

_ASK = """\
Make material of the kind "{kind}". Answer with one JSON object and nothing else: no Markdown, \
no comment. It must be valid against this JSON schema:
{schema}
All sums must be right: minutes of parts add up to `minutes`, points to `total_points`. Ids are \
short, in lower case, and unique. Write in the language "{language}". "version" is {version}.
Wanted: {wish}"""
_REPAIR = """\
This is not valid. What is wrong, by JSON pointer: {problems}
Answer with the whole corrected JSON object and nothing else."""
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


async def make(provider: Provider, prompt: Prompt) -> AsyncGenerator[str | Finish, None]:
    """Yield what a teacher reads while the document is made, the document, and its `Finish`.

    Raises DocumentNotMade for an answer that is not valid even when repaired, and what
    the provider raises.
    """
    wish = Wish(**(prompt.wish or {}))
    with override(wish.language):
        yield _("Making: %(title)s …") % {"title": wish.title} + "\n\n"
    if provider.is_demo:
        yield (DEMO_LABEL_DE if wish.language == "de" else DEMO_LABEL_EN).strip() + "\n\n"
        document = checked(wish, draft(wish))
        text = shown(wish, document)
        yield text
        yield Finish("stop", estimate_usage(prompt, text), document=document)
        return
    asked = asking(prompt, wish)
    answer, finish = await _whole(provider, asked)
    usage = finish.usage or estimate_usage(asked, answer)
    try:
        document = read(wish, answer)
    except InvalidInput as error:
        with override(wish.language):
            yield _("Checking found mistakes; they are being corrected …") + "\n\n"
        asked = repairing(asked, answer, error)
        answer, finish = await _whole(provider, asked)
        usage = _both(usage, finish.usage or estimate_usage(asked, answer))
        try:
            document = read(wish, answer)
        except InvalidInput as still:
            failure = DocumentNotMade()
            failure.spent = usage
            raise failure from still
    yield shown(wish, document)
    yield replace(finish, reason="stop", usage=usage, document=document)


def asking(prompt: Prompt, wish: Wish) -> Prompt:
    """Return the prompt that asks for the JSON of a document."""
    kind = KINDS[wish.kind]
    text = _ASK.format(
        kind=kind.name,
        schema=orjson.dumps(kind.schema).decode(),
        language=wish.language,
        version=kind.version,
        wish=orjson.dumps(wish.as_json()).decode(),
    )
    system, *others = prompt.messages
    system = PromptMessage("system", f"{system.content}\n{text}")
    return replace(prompt, messages=(system, *others), partial="", wish=None)


def repairing(prompt: Prompt, answer: str, error: InvalidInput) -> Prompt:
    """Return the prompt that asks for a corrected document."""
    problems = orjson.dumps(error.extra["errors"]["content"]).decode()
    more = (
        PromptMessage("assistant", answer),
        PromptMessage("user", _REPAIR.format(problems=problems)),
    )
    return replace(prompt, messages=(*prompt.messages, *more))


def read(wish: Wish, answer: str) -> Document:
    """Return the document of an answer, which may stand in a fence. Raises InvalidInput."""
    found = _OBJECT.search(answer)
    try:
        document = orjson.loads(found[0]) if found else None
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise InvalidInput(errors={"content": {"": ["This is no JSON object."]}})
    return checked(wish, document)


def checked(wish: Wish, document: Document) -> Document:
    """Return a document as it will be stored, marked as made by an AI. Raises InvalidInput."""
    fixed = {"kind": wish.kind, "language": wish.language, "ai_generated": True}
    return cast(Document, orjson.loads(documents.checked(printable({**document, **fixed}))[1]))


def shown(wish: Wish, document: Document) -> str:
    """Return a document as the teacher reads it in the chat."""
    sheet = sheet_of(wish.title, wish.kind, document, "teacher", is_ai_made=False)
    return md.write(sheet).decode()


def keep(kept: Kept, document: Document) -> None:
    """Store the artifact of a document, in the transaction that ends its reply."""
    wish = Wish(**kept.wish)
    create_artifact(
        teacher=kept.teacher, id=kept.artifact_id, message_id=kept.message_id, title=wish.title,
        content=document,
    )  # fmt: skip


async def _whole(provider: Provider, prompt: Prompt) -> tuple[str, Finish]:
    pieces: list[str] = []
    async with aclosing(cast(Any, provider.stream(prompt))) as stream:
        async for item in stream:
            if isinstance(item, Finish):
                return "".join(pieces), item
            pieces.append(item)
    raise DocumentNotMade


def _both(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.estimated or other.estimated,
    )
