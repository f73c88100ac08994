"""The template assistant: eduhu's own provider, which needs no key and no network."""

import asyncio
import re
from collections.abc import AsyncGenerator

from chats.providers.base import Finish, Prompt, estimate_usage
from chats.providers.template.documents import draft
from chats.providers.template.english import DEMO_LABEL_EN
from chats.providers.template.german import DEMO_LABEL_DE
from chats.providers.template.request import read_request

__all__ = ["DEMO_LABELS", "DEMO_LABEL_DE", "DEMO_LABEL_EN", "TemplateAssistant", "compose"]

DEMO_LABELS = (DEMO_LABEL_DE, DEMO_LABEL_EN)
_WORD = re.compile(r"\S+\s*")


class TemplateAssistant:
    """Drafts school documents from the slots of a request; invents no subject facts.

    The same prompt always gives the same text. Every reply carries the demo label
    of its language. `word_delay` is the pause between two words, in seconds.
    """

    name = "template"
    is_demo = True

    def __init__(self, word_delay: float) -> None:
        self._word_delay = word_delay

    async def stream(self, prompt: Prompt) -> AsyncGenerator[str | Finish, None]:
        """Yield the reply word by word, the first at once, then one `Finish`. Never raises."""
        text = compose(prompt).removeprefix(prompt.partial)
        clock = asyncio.get_running_loop().time
        due = clock()
        for number, word in enumerate(_WORD.findall(text)):
            if number and self._word_delay > 0:
                # Against the clock, so that late wake-ups do not add up.
                due += self._word_delay
                await asyncio.sleep(max(0.0, due - clock()))
            yield word
        yield Finish("stop", estimate_usage(prompt, text))

    async def aclose(self) -> None:
        """Hold nothing, close nothing."""


def compose(prompt: Prompt) -> str:
    """Return the whole reply to `prompt` as Markdown."""
    return draft(read_request(prompt))
