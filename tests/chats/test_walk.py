"""A teacher's week on the page, in German: the jobs that matter most, one after the other.

Material to teach with, a file for Monday, one task changed, an old chat taken up again, what
eduhu is to keep in mind, and questions back. With `WALK_PICTURES` set to a folder, what the
page looks like at each step is kept there, to be looked at.
"""

import io
import os
import re
from pathlib import Path

import docx
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser import ANSWER_MS, PHONE, Visit, ask, finished, sign_in
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TEACHER = "sommer@eduhu.example"
MAKE = f"""
from teachers.models import Teacher
Teacher.objects.create_user({TEACHER!r}, "eduhu-demo", name="Frau Sommer")
"""
ENGLISH = re.compile(r"\b(?:the|your|with|and|save|delete|open|close|worksheet|lesson)\b", re.I)


class Walk:
    """A page with a teacher signed in, and what it is used for again and again."""

    def __init__(self, page: Page, name: str):
        self.page = page
        self.name = name
        self.steps = 0

    @property
    def paper(self) -> Locator:
        return self.page.locator("#panel .paper")

    async def seen(self, what: str) -> None:
        """Nothing is wider than the screen, nothing is English; a picture, if they are wanted."""
        self.steps += 1
        width = self.page.viewport_size["width"]
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= width, what
        words = await self.page.locator("#workspace").inner_text()
        assert ENGLISH.findall(words.replace("English", "")) == [], what
        if folder := os.environ.get("WALK_PICTURES"):
            path = Path(folder) / f"{self.name}-{self.steps:02}-{what}.png"
            await self.page.screenshot(path=path)

    async def new_chat(self) -> None:
        """Begin another chat, on any screen."""
        await self.page.locator("#new-chat:visible, #new-chat-top:visible").first.click()
        await expect(self.page.locator("#messages")).to_be_empty()

    async def make(self, kind: str, topic: str, *, minutes: int = 45) -> None:
        """Have material made, and open it."""
        wish = self.page.get_by_role("dialog", name="Material erstellen")
        await self.page.click("#composer-wish")
        await wish.get_by_label("Was brauchen Sie?").select_option(label=kind)
        await wish.get_by_label("Thema").fill(topic)
        await wish.get_by_label("Fach").fill("Mathematik")
        await wish.get_by_label("Klasse", exact=True).fill("6")
        await wish.get_by_label("Minuten").fill(str(minutes))
        await self.seen("wunsch")
        await wish.get_by_role("button", name="Erstellen", exact=True).click()
        made = self.page.get_by_role("button", name="Material öffnen")
        await expect(made).to_be_visible(timeout=ANSWER_MS)
        await made.click()
        await expect(self.page.locator("#panel-title")).to_have_text(f"{kind}: {topic}")

    async def as_word(self) -> "docx.document.Document":
        """What the file for Word holds."""
        async with self.page.expect_download() as download:
            await self.page.get_by_role("button", name="Herunterladen als Word").click()
        path = await (await download.value).path()
        return docx.Document(io.BytesIO(path.read_bytes()))

    async def rows(self, table: Locator) -> list[list[str]]:
        """The cells of a table, without its head."""
        return await table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )


@pytest.fixture(scope="module")
def teacher(running_eduhu: LiveServer) -> str:
    """The address of somebody who begins today."""
    running_eduhu.manage("shell", "-v0", "-c", MAKE)
    return TEACHER


@pytest_asyncio.fixture(loop_scope="session")
async def laptop(visit: Visit, teacher: str) -> Walk:
    page = await visit()
    await sign_in(page, email=teacher)
    return Walk(page, "laptop")


@pytest_asyncio.fixture(loop_scope="session")
async def phone(visit: Visit, teacher: str) -> Walk:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await sign_in(page, email=teacher)
    return Walk(page, "telefon")


@pytest.mark.claim(89)
async def test_material_for_the_week_is_made_at_the_laptop(laptop: Walk) -> None:
    await expect(laptop.page.locator("#greeting")).to_contain_text("Frau Sommer")
    await laptop.seen("anfang")
    await an_exam_adds_up(laptop)
    await only_its_second_task_is_changed(laptop)
    await laptop.new_chat()
    await three_levels_have_one_goal(laptop)
    await laptop.new_chat()
    await a_lesson_is_a_table_and_a_file_for_word(laptop)


async def an_exam_adds_up(walk: Walk) -> None:
    await walk.make("Klassenarbeit", "Brüche", minutes=60)
    text = await walk.paper.inner_text()
    points = [int(each) for each in re.findall(r"Aufgabe \d+ \((\d+) Punkte, AFB I", text)]
    assert f"Gesamt: {sum(points)} Punkte" in text
    assert "AFB I: 9 Punkte, AFB II: 12 Punkte, AFB III: 9 Punkte" in text
    assert "Zeit: 60 Min." in text
    expected, grades = walk.paper.locator("table").nth(0), walk.paper.locator("table").nth(1)
    assert sum(int(row[-1]) for row in await walk.rows(expected)) == sum(points)
    assert [row[0] for row in await walk.rows(grades)] == ["1", "2", "3", "4", "5", "6"]
    await walk.seen("klassenarbeit")


async def only_its_second_task_is_changed(walk: Walk) -> None:
    page = walk.page
    before = await walk.paper.inner_text()
    await page.get_by_role("button", name="Ändern").click()
    task = page.get_by_role("group", name="Aufgabe 2").get_by_label("Text", exact=True)
    old = await task.input_value()
    await task.fill("Kürze 12/18 so weit wie möglich.")
    await walk.seen("aufgabe-2")
    await page.get_by_role("button", name="Speichern").click()
    told = page.locator(".told")
    await expect(told).to_have_text(
        "Geändert: Aufgabe 2 · Text. Alles andere ist Wort für Wort gleich."
    )
    assert await walk.paper.inner_text() == before.replace(old, "Kürze 12/18 so weit wie möglich.")
    await walk.seen("geaendert")


async def three_levels_have_one_goal(walk: Walk) -> None:
    await walk.make("Differenziertes Material", "Brüche kürzen")
    text = await walk.paper.inner_text()
    basic, middle, advanced = re.split(r"\n(?:Mittel|Erweitert)\n", text.split("Lösungen")[0])
    goals = {re.search("Ziel: (.+)", level).group(1) for level in (basic, middle, advanced)}
    assert len(goals) == 1
    assert basic.startswith("Basis")
    assert "Hilfe:" in basic
    assert "Hilfe:" not in advanced
    await walk.seen("drei-niveaus")


async def a_lesson_is_a_table_and_a_file_for_word(walk: Walk) -> None:
    await walk.make("Stundenverlaufsplan", "Brüche addieren")
    heads = await walk.paper.locator("th").all_inner_texts()
    assert heads == ["Phase", "Zeit", "Lehrkraft", "Lernende", "Sozialform", "Medien"]
    phases = await walk.rows(walk.paper.locator("table"))
    assert sum(int(row[1].split()[0]) for row in phases) == 45
    await walk.seen("stundenplan")
    document = await walk.as_word()
    table = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert table == [heads, *phases]


@pytest.mark.claim(92)
async def test_an_old_chat_goes_on_and_eduhu_remembers_at_the_laptop(laptop: Walk) -> None:
    page = laptop.page
    await ask(
        page, "Meine 6a arbeitet gern zu zweit. Arbeitsblatt für Mathematik, Klasse 6, Thema Winkel"
    )
    await finished(page)
    await expect(page.locator("#remember")).to_contain_text("Meine 6a arbeitet gern zu zweit.")
    await laptop.seen("merken")
    await page.get_by_role("button", name="Merken", exact=True).click()
    await page.get_by_role("button", name="Erlauben").click()
    await expect(page.locator("#remember")).to_be_hidden()
    await goes_on_after_a_reload(laptop)
    await what_is_stored_is_shown_and_deleted(laptop)


async def test_only_what_is_missing_is_asked_and_answered_with_a_click(laptop: Walk) -> None:
    page = laptop.page
    await ask(page, "Ich brauche etwas zum Thema Brüche für die 6a")
    choices = page.get_by_role("group", name="Was soll ich Ihnen zu „Brüche“ entwerfen?")
    await expect(choices.get_by_role("button")).to_have_text(
        ["Unterrichtsentwurf", "Arbeitsblatt", "Bewertungsraster", "Aktivität"]
    )
    await expect(page.locator(".answer .copy")).to_be_visible()
    await laptop.seen("rueckfrage")
    await page.reload()
    await choices.get_by_role("button", name="Arbeitsblatt").press("Enter")
    await expect(page.locator(".answer .copy")).to_have_count(2, timeout=ANSWER_MS)
    await expect(page.locator(".answer").last).to_contain_text("Lerngruppe: Klasse 6a")
    await expect(choices).to_have_count(0)
    await expect(page.locator(".answer").first.locator("li")).to_have_count(4)
    await laptop.new_chat()
    await ask(page, "Ich brauche schnell etwas zum Thema Brüche")
    assert "?" not in await finished(page)
    await expect(page.locator(".choices-back")).to_have_count(0)


async def goes_on_after_a_reload(walk: Walk) -> None:
    page = walk.page
    await page.reload()
    await finished(page)
    await walk.new_chat()
    await page.locator("#chats a", has_text="Meine 6a").click()
    await expect(page.locator(".answer .copy")).to_have_count(1)
    await ask(page, "nochmal für Klasse 7")
    await expect(page.locator(".answer .copy")).to_have_count(2, timeout=ANSWER_MS)
    again = page.locator(".answer .markdown").last
    await expect(again).to_contain_text("Winkel")
    await expect(again).to_contain_text("Klasse 7")
    await walk.seen("weiter")


async def what_is_stored_is_shown_and_deleted(walk: Walk) -> None:
    page = walk.page
    await page.get_by_role("button", name="Einstellungen").click()
    await expect(page.get_by_label("Antworten dürfen nutzen")).to_be_checked()
    await expect(page.locator("#memory-list li")).to_have_text(["Meine 6a arbeitet gern zu zweit."])
    await walk.seen("einstellungen")
    await page.get_by_role("button", name="Vergessen: Meine 6a").click()
    await expect(page.locator("#memory-list li")).to_have_count(0)
    await page.keyboard.press("Escape")


async def test_on_the_phone_a_lesson_is_made_read_and_taken_along(phone: Walk) -> None:
    page = phone.page
    await expect(page.locator("#greeting")).to_contain_text("Frau Sommer")
    await phone.seen("anfang")
    await phone.make("Stundenverlaufsplan", "Umfang")
    await phone.seen("stundenplan")
    assert len((await phone.as_word()).tables) == 1
    await page.get_by_role("button", name="Ändern").click()
    await phone.seen("aendern")
    await page.keyboard.press("Escape")
    await ask(page, "Meine 5b ist laut. Bitte noch ein Arbeitsblatt zum Thema Umfang")
    await expect(page.locator("#remember")).to_be_visible(timeout=ANSWER_MS)
    await phone.seen("merken")
    await page.get_by_role("button", name="Nein", exact=True).click()
    await page.click("#drawer-open")
    await phone.seen("chats")
    await page.get_by_role("button", name="Rückblick", exact=True).click()
    await expect(page.locator("#panel .numbers")).to_be_visible()
    await phone.seen("rueckblick")
    await page.keyboard.press("Escape")
    await page.click("#drawer-open")
    await page.get_by_role("button", name="Einstellungen").click()
    await phone.seen("einstellungen")
