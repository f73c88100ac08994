"""What fits a chat, or the teacher, is offered on the page, and may be taken over or sent away."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser import PHONE, Visit, ask, finished, sign_in
from tests.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TEACHER = "vorschlag@eduhu.example"
MAKE = f"""
from artifacts.models import Artifact
from teachers.models import Teacher, TeacherPreferences
teacher = Teacher.objects.create_user({TEACHER!r}, "eduhu-demo")
TeacherPreferences.objects.create(teacher=teacher, grade_level="6", subject_areas=["Mathematik"])
"""


@pytest.fixture(scope="module")
def teacher(running_eduhu: LiveServer) -> str:
    """The address of somebody who teaches mathematics in year 6."""
    running_eduhu.manage("shell", "-v0", "-c", MAKE)
    return TEACHER


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit: Visit, teacher: str) -> Page:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await sign_in(page, email=teacher)
    await expect(page.locator("#greeting")).to_be_visible()
    return page


@pytest.mark.claim(94)
async def test_a_template_that_fits_is_read_and_taken_over_and_another_sent_away(
    page: Page,
) -> None:
    related = page.get_by_role("region", name="Passend für Sie")
    first = related.locator("li").first
    await expect(first).to_contain_text("Vorlage")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await ask(page, "Arbeitsblatt für Mathematik, Klasse 6, Thema Bruchrechnung")
    await expect(related).to_be_hidden()
    await finished(page)
    related = page.get_by_role("region", name="Passend dazu")
    await expect(related.locator("li").first).to_be_hidden()
    await related.locator("summary").click()
    kept, sent_away = [
        await related.locator("li strong").nth(number).inner_text() for number in (0, 1)
    ]
    async with page.expect_request(lambda request: request.method == "PUT") as asked:
        await related.get_by_role("button", name=f"Nicht mehr vorschlagen: {sent_away}").click()
    assert (await asked.value).post_data_json == {"mark": "dismissed"}
    await expect(related.locator("li", has_text=sent_away)).to_have_count(0)
    await related.get_by_role("button", name=kept).first.click()
    await expect(page.locator("#panel-title")).to_have_text(kept)
    await expect(page.locator("#panel .paper")).to_be_visible()
    await page.get_by_role("button", name="Zu meinem Material").click()
    await expect(page.get_by_role("button", name="Ändern")).to_be_visible()
    await expect(page.locator("#panel-title")).to_have_text(kept)
    await page.reload()
    await related.locator("summary").click()
    await expect(related.locator("li").first).to_be_visible()
    await expect(related.locator("li", has_text=sent_away)).to_have_count(0)


async def test_where_nothing_is_recommended_nothing_is_shown(page: Page) -> None:
    recommendations = re.compile("/api/recommendations")
    await page.route(recommendations, lambda route: route.fulfill(status=503, body="{}"))
    async with page.expect_response(recommendations):
        await page.reload()
    async with page.expect_response(re.compile("/api/recommendations.*chat_id")):
        await ask(page, "Elternbrief zum Wandertag")
    await finished(page)
    await expect(page.locator("#related")).to_be_hidden()
    await expect(page.locator("#notice")).to_be_hidden()
