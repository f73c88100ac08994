"""What the page offers by itself: a review with hints, what to remember, and pictures."""

import base64

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser import PHONE, Visit, ask, finished, sign_in
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TEACHER = "rueckblick@eduhu.example"
PICTURE = base64.b64encode(
    bytes.fromhex("47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b")
).decode()  # fmt: skip
ELSEWHERE = "https://bilder.example"
PICTURES = [
    f"data:image/gif;base64,{PICTURE}",
    f"{ELSEWHERE}/tafel.png",
    "data:image/gif;base64,AAAA",  # a picture by its name only
    "data:image/svg+xml;base64,PHN2Zy8+",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    '"><img src=x onerror=alert(1)>',
]
MAKE = f"""
import datetime as dt
from artifacts.models import Artifact
from chats.models import Chat, Message
from eduhu.db import now
from teachers.models import Teacher
teacher = Teacher.objects.create_user({TEACHER!r}, "eduhu-demo")
Artifact.objects.create(
    teacher=teacher, title="Linsen", content="Zeichne. " * 12_000, artifact_type="worksheet",
    created_at=now() - dt.timedelta(days=2),
)
chat = Chat.objects.create(teacher=teacher, title="Bilder")
for number, content in enumerate({PICTURES!r}):
    Message.objects.create(
        chat=chat, role="assistant" if number else "user", content=content, content_type="image",
        timestamp=now() + dt.timedelta(milliseconds=number),
    )
print(chat.pk)
"""


@pytest.fixture(scope="module")
def chat_with_pictures(running_eduhu: LiveServer) -> str:
    """The id of a chat of a teacher who made a long worksheet two days ago, and took it nowhere."""
    return running_eduhu.manage("shell", "-v0", "-c", MAKE).split()[-1]


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit: Visit, chat_with_pictures: str) -> Page:
    """The page on a phone, with that teacher signed in."""
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True, may_ask=ELSEWHERE)
    await sign_in(page, email=TEACHER)
    return page


async def open_review(page: Page) -> None:
    await page.click("#drawer-open")
    await page.get_by_role("button", name="Rückblick", exact=True).click()


@pytest.mark.claim(93)
async def test_a_hint_is_followed_and_the_review_switched_off_and_on(page: Page) -> None:
    await open_review(page)
    hint = page.locator("#panel .hint", has_text="1 Arbeitsblatt wurde nie exportiert.")
    await expect(page.locator("#panel .numbers")).to_contain_text("Material")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    async with page.expect_download() as download:
        await hint.get_by_role("button", name="Das neueste exportieren").click()
    assert (await download.value).suggested_filename == "Linsen.docx"
    await expect(page.locator("#panel .told")).to_have_text("Linsen.docx ist heruntergeladen.")
    await expect(hint).to_have_count(0)
    await page.get_by_role("button", name="Rückblick ausschalten").click()
    await expect(page.locator("#panel")).to_contain_text("Es wird nichts gezählt.")
    await expect(page.locator("#panel .numbers")).to_have_count(0)
    await page.reload()
    await page.click("#drawer-open")
    await page.click("#preferences")
    await page.get_by_label("Rückblick mit Zahlen").check()
    await page.get_by_role("button", name="Speichern", exact=True).click()
    await expect(page.locator("#preferences-dialog")).to_be_hidden()
    await open_review(page)
    await expect(page.locator("#panel .numbers")).to_be_visible()


async def test_an_answer_of_no_use_is_asked_for_again_from_the_review(page: Page) -> None:
    await ask(page, "Elternbrief zum Wandertag")
    await finished(page)
    await page.get_by_role("button", name="nicht hilfreich").click()
    await expect(page.locator("#status")).to_have_text("Danke für die Rückmeldung.")
    await open_review(page)
    await page.get_by_role("button", name="Die neueste noch einmal stellen").click()
    await expect(page.locator("#panel")).to_be_hidden()
    await expect(page.locator(".answer")).to_have_count(2)
    await finished(page)
    await expect(page.locator(".question")).to_have_count(1)


@pytest.mark.claim(92)
async def test_only_what_the_teacher_confirms_is_remembered(page: Page) -> None:
    await ask(page, "Meine 7b ist montags unruhig. Meine 8a mag Rätsel. Bitte ein Arbeitsblatt.")
    await finished(page)
    bar = page.locator("#remember")
    await expect(bar.locator("q")).to_have_text("Meine 7b ist montags unruhig.")
    await bar.get_by_role("button", name="Merken").press("Enter")
    await expect(bar).to_contain_text("Antworten nutzen es erst, wenn Sie es erlauben.")
    await expect(bar.get_by_role("button", name="Erlauben")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(bar.locator("q")).to_have_text("Meine 8a mag Rätsel.")
    await bar.get_by_role("button", name="Nein").click()
    await expect(bar).to_be_hidden()
    async with page.expect_response("**/suggestions") as suggested:
        await ask(page, "Kürzer bitte")
    assert await (await suggested.value).json() == {"results": [{"text": "Meine 8a mag Rätsel."}]}
    await expect(page.locator(".answer .copy")).to_have_count(2)
    await page.click("#drawer-open")
    await page.click("#preferences")
    await expect(page.locator("#memory-list li")).to_have_text(["Meine 7b ist montags unruhig."])
    await expect(page.get_by_label("Antworten dürfen nutzen")).to_be_checked()
    await expect(bar).to_be_hidden()


@pytest.mark.claim(31)
async def test_pictures_are_shown_and_what_is_none_stays_words(
    page: Page, chat_with_pictures: str
) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    fetched: list[str] = []

    async def serve(route):
        fetched.append(route.request.headers.get("referer", ""))
        await route.fulfill(body=base64.b64decode(PICTURE), content_type="image/gif")

    await page.route(f"{ELSEWHERE}/*", serve)
    await page.evaluate(f"location.hash = '#/chat/{chat_with_pictures}'")
    own = page.locator(".question .picture img")
    await expect(own).to_have_js_property("naturalWidth", 1)
    await expect(own).to_have_attribute("alt", "Bild in diesem Chat")
    answers = page.locator(".answer .picture")
    await expect(answers).to_have_count(len(PICTURES) - 1)
    await expect(page.locator(".picture img")).to_have_count(1)
    await expect(answers.nth(1)).to_have_text("Das Bild lässt sich nicht mehr laden.")
    for number, content in enumerate(PICTURES[3:], start=2):
        await expect(answers.nth(number)).to_have_text(content)
    assert fetched == []  # whoever keeps it learns nothing before it is asked for
    await page.get_by_role("button", name="Bild von bilder.example laden").click()
    await expect(answers.first.locator("img")).to_have_js_property("naturalWidth", 1)
    assert fetched == [""]
