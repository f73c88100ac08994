"""Material on the page: made in a chat, read beside it, changed in one place, had as a file."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import ANSWER_MS, PHONE, Visit, ask, finished, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def make(page: Page, kind: str, topic: str) -> None:
    """Ask for material and wait until it is there."""
    await page.click("#composer-wish")
    await page.select_option("#wish-kind", kind)
    await page.fill("#wish-topic", topic)
    await page.fill("#wish-grade", "6")
    await page.click("#wish-form [type=submit]")
    await expect(page.locator("button.material")).to_be_visible(timeout=ANSWER_MS)


@pytest.mark.claim(89)
async def test_an_exam_is_made_changed_in_one_task_and_downloaded(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await make(page, "exam", "Brüche")
    await page.click("button.material")
    paper = page.locator("#panel .paper")
    await expect(paper).to_contain_text("Notenschlüssel")
    before = await paper.inner_text()

    await page.get_by_role("button", name="Ändern").click()
    second = page.get_by_role("group", name="Aufgabe 2")
    await second.get_by_label("Punkte", exact=True).fill("1000")
    await page.click(".edit [type=submit]")
    await expect(second.locator(".problem:not([hidden])").first).to_be_visible()
    await second.get_by_label("Punkte", exact=True).fill("6")
    task = second.get_by_label("Text", exact=True)
    old = await task.input_value()
    await task.fill("Kürze 12/18 so weit wie möglich.")
    await page.click(".edit [type=submit]")
    await expect(page.locator(".told")).to_contain_text("Geändert: Aufgabe 2 · Text.")
    assert await paper.inner_text() == before.replace(old, "Kürze 12/18 so weit wie möglich.")

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Herunterladen als Word").click()
    assert (await download.value).suggested_filename == "Klassenarbeit Brüche.docx"
    await page.get_by_label("FürLehrkraft").select_option("pupil")
    await expect(paper).not_to_contain_text("Notenschlüssel")

    await page.get_by_role("button", name="Frühere Fassungen").click()
    await page.get_by_role("button", name="Diese Fassung zurückholen").click()
    await expect(page.locator(".told")).to_contain_text("Fassung 1 ist wieder da.")
    await page.reload()
    await page.click("button.material")
    await expect(paper).to_contain_text(old)


KEEP_LONG_TEXT = """fetch("/api/artifacts", {method: "POST",
  headers: {"Content-Type": "application/json",
            Authorization: `Bearer ${sessionStorage.getItem("eduhu.token")}`},
  body: JSON.stringify({title: "Langes Skript", artifact_type: "worksheet",
                        content: "Ein Satz, der wiederkehrt.\\n\\n".repeat(4000)})}).then((answer) => answer.status)"""


async def test_a_long_file_is_told_about_and_comes_when_it_is_made(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await page.click("#materials")
    assert await page.evaluate(KEEP_LONG_TEXT) == 201
    await page.reload()
    await page.click("#materials")
    await page.get_by_role("button", name="Langes Skript").first.click()
    async with page.expect_download(timeout=ANSWER_MS) as download:
        await page.get_by_role("button", name="Herunterladen als Word").click()
        await expect(page.locator("#status")).to_contain_text("Die Datei wird erstellt:")
    assert (await download.value).suggested_filename == "Langes Skript.docx"


async def test_an_answer_is_kept_as_material_and_found_on_a_phone(visit: Visit) -> None:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await sign_in(page)
    await ask(page, "Elternbrief zum Wandertag der Klasse 5b")
    answer = await finished(page)
    await page.get_by_role("button", name="Als Material behalten").click()
    await page.fill("#keep-title", "Wandertag")
    await page.select_option("#keep-family", "activity")
    await page.click("#keep-form [type=submit]")
    await expect(page.locator("#panel .paper")).to_contain_text(answer[-40:].strip())
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.click("#panel-back")
    await page.get_by_role("button", name="Wandertag").first.click()
    await page.get_by_role("button", name="Löschen").click()
    await page.click("#delete-material-form [type=submit]")
    await expect(page.locator("#status")).to_contain_text("„Wandertag“ ist gelöscht.")
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()


@pytest.mark.claim(90, 91)
async def test_material_is_found_marked_collected_and_shared(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await make(page, "quiz", "Zauberwürfel")
    await page.click("button.material")
    await page.get_by_text("Ordnen und teilen").click()
    await page.get_by_label("Schlagwörter").fill("Freitag, Förderkurs")
    await page.locator(".shelf button", has_text="Merken").first.click()
    await expect(page.locator(".told")).to_have_text("Die Schlagwörter sind gespeichert.")
    await page.get_by_text("Ordnen und teilen").click()
    await page.get_by_label("Name der Sammlung").fill("Spiele")
    await page.locator(".shelf button", has_text="Merken").last.click()
    await expect(page.locator(".told")).to_have_text("Liegt jetzt in „Spiele“.")
    await page.get_by_text("Ordnen und teilen").click()
    await page.get_by_label("E-Mail-Adresse einer").fill("kollegin@eduhu.example")
    await page.get_by_role("button", name="Teilen", exact=True).click()
    await expect(page.locator(".told")).to_contain_text("kollegin@eduhu.example kann es jetzt")

    await page.click("#panel-back")
    mine = page.locator(".materials li", has_text="Zauberwürfel")
    await expect(mine).to_contain_text("#Förderkurs")
    await mine.get_by_role("button", name="Favorit").click()
    await expect(mine.get_by_role("button", name="Favorit")).to_have_attribute(
        "aria-pressed", "true"
    )
    for shelf in ("Favoriten", "Von mir geteilt", "Spiele"):
        await page.get_by_label("Bereich").select_option(label="Mit mir geteilt")
        await expect(page.locator(".materials li")).to_have_count(0)
        await page.get_by_label("Bereich").select_option(label=shelf)
        await expect(page.locator(".materials li")).to_have_count(1)
    await page.get_by_role("searchbox").fill("zauberwü")
    await expect(page.locator(".materials mark").first).to_have_text("Zauberwürfel")
    await page.locator(".materials li", has_text="Material").first.click()
    await expect(page.locator("#panel .paper")).to_be_visible()


@pytest.mark.claim(92)
async def test_a_teacher_says_what_eduhu_should_know_and_keep_in_mind(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await page.click("#preferences")
    await page.get_by_label("Fächer").fill("Physik, Mathematik")
    await page.get_by_label("Bundesland").select_option(label="Hessen")
    await page.get_by_label("Schulform").select_option(label="Gymnasium")
    await page.get_by_label("montags ein Rückblick").check()
    await page.get_by_label("Antworten dürfen nutzen").check()
    await page.get_by_label("Gedächtnis", exact=True).fill("Die 7b mag Experimente")
    await page.get_by_role("button", name="Merken", exact=True).click()
    await expect(page.locator("#memory-list li")).to_have_count(1)
    await page.get_by_role("button", name="Speichern", exact=True).click()
    await expect(page.locator("#status")).to_have_text("Die Einstellungen sind gespeichert.")
    await page.reload()
    await page.click("#preferences")
    await expect(page.get_by_label("Fächer")).to_have_value("Physik, Mathematik")
    await expect(page.get_by_label("Bundesland")).to_have_value("HE")
    await expect(page.get_by_label("montags ein Rückblick")).to_be_checked()
    await page.get_by_role("button", name="Vergessen: Die 7b mag Experimente").click()
    await expect(page.locator("#memory-list li")).to_have_count(0)
