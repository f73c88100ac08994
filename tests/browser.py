"""The page at `/` in a real browser, for tests that use it as a teacher does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.conftest import CHROMIUM

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Visit = Callable[..., Awaitable[Page]]
QUESTION = "Unterrichtsentwurf für Mathematik, Klasse 7, Thema Bruchrechnung, 45 Minuten"
LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 740}
ANSWER_MS = 30_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Yield a browser without a page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def browsing(browser: Browser, home: str) -> AsyncIterator[Visit]:
    """Yield what opens the page in a profile of its own; at the end nothing went outside, or wrong.

    What is open is closed then.
    """
    outside: list[str] = []
    wrong: list[str] = []

    async with AsyncExitStack() as profiles:

        async def open_page(
            *, script: str = "", html: str = "", may_ask: str = "", **options: object
        ) -> Page:
            profile = await browser.new_context(
                **{"viewport": LAPTOP, "locale": "de-DE", "reduced_motion": "reduce", **options}
            )
            profiles.push_async_callback(profile.close)
            if script:
                await profile.add_init_script(script)
            page = await profile.new_page()
            if html:
                await page.route(f"{home}/", lambda route: route.fulfill(body=html))
            homes = {home, may_ask or home}
            page.on("request", lambda request: _note_outside(request.url, homes, outside))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: _note_error(message.type, message.text, wrong))
            await page.goto(home)
            return page

        yield open_page
    assert outside == []
    assert wrong == []


def _note_outside(url: str, homes: set[str], outside: list[str]) -> None:
    if not url.startswith(("data:", *(f"{home}/" for home in homes))):
        outside.append(url)


def _note_error(kind: str, text: str, wrong: list[str]) -> None:
    # The browser itself tells of each refused request; the tests refuse some on purpose.
    if kind == "error" and not text.startswith("Failed to load resource"):
        wrong.append(text)


async def sign_in(
    page: Page, password: str = "eduhu-demo", email: str = "demo@eduhu.example"
) -> None:
    await page.fill("#login-email", email)
    await page.fill("#login-password", password)
    await page.press("#login-password", "Enter")


async def ask(page: Page, text: str = QUESTION) -> None:
    await page.fill("#composer-input", text)
    await page.press("#composer-input", "Enter")


async def finished(page: Page) -> str:
    """Wait for the end of the last answer and return what it says."""
    await expect(page.locator(".answer").last.locator(".copy")).to_be_visible(timeout=ANSWER_MS)
    return await answer_text(page)


async def answer_text(page: Page) -> str:
    return await page.locator(".answer .markdown").last.inner_text()
