"""People use the page in a real Chromium, against the real workspace and a real bolt app."""

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.server import LocalWorkspace
from tests.page.conftest import Open, say
from tests.page.tiny import GATE, plan

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PHONE = {"width": 360, "height": 740}


async def test_says_something_and_sees_the_answer_live(look: Open) -> None:
    ana, bia = await look("dev"), await look("dev2")
    await say(ana, "@estiva <b>hi</b> & bye")
    for page in (ana, bia):
        await expect(page.locator("#log article").last).to_contain_text("You said: <b>hi</b> & bye")
    await expect(ana.locator("#log article")).to_have_count(2)
    assert await ana.locator("#log .body b").count() == 0


async def test_confirms_a_click_and_the_message_changes(look: Open) -> None:
    page = await look("release")
    await say(page, "@estiva gate")
    approve = page.locator('[data-action="approve"] > button')
    await approve.click()
    await page.get_by_role("button", name="No", exact=True).click()
    await expect(approve).to_be_visible()
    await approve.click()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.locator("#log article").last).to_contain_text("Approved by @Rui")


async def test_an_edit_waits_for_who_is_asked_whether_they_are_sure(look: Open, workspace: LocalWorkspace) -> None:
    app = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    asking, more = GATE[-1], {"type": "section", "text": {"type": "plain_text", "text": "More is known"}}
    ts = str((await app.chat_postMessage(channel="C0DEPLOYS", text="a question", blocks=[asking]))["ts"])
    page = await look("release")
    question = page.locator("#log article").last
    approve = question.locator('[data-action="approve"] > button')
    for place, said in enumerate(("No", "Yes")):
        await approve.click()
        edited = [{**more, "block_id": f"more-{place}"}, {**asking, "block_id": f"again-{place}"}]
        await app.chat_update(channel="C0DEPLOYS", ts=ts, text="a question", blocks=edited)
        await page.wait_for_timeout(500)
        await expect(question.locator("[data-block]").first).not_to_have_attribute("data-block", f"again-{place}")
        await page.get_by_role("button", name=said, exact=True).click()
        await expect(question).to_contain_text("Approved by @Rui" if said == "Yes" else "More is known")


async def test_shows_that_a_click_was_not_answered(look: Open) -> None:
    page = await look()
    await say(page, "@estiva gate")
    await page.get_by_role("button", name="Break").click()
    await expect(page.locator("#toasts")).to_contain_text("Estiva")
    await expect(page.get_by_role("button", name="Break")).to_be_enabled()


async def test_sends_a_modal_after_mending_what_was_wrong(look: Open) -> None:
    page = await look()
    await say(page, "@estiva gate")
    await page.get_by_role("button", name="Explain Why").click()
    modal = page.locator("#modal")
    await expect(modal).to_contain_text("Why now?")
    await modal.get_by_role("button", name="Send").click()
    await expect(modal.locator(".fault").first).not_to_be_empty()
    await modal.get_by_label("Reason").fill("no")
    await modal.get_by_role("button", name="Send").click()
    await expect(modal.locator(".fault").first).to_have_text("A little longer, please")
    await modal.get_by_label("Reason").fill("customers wait")
    await modal.get_by_role("button", name="Send").click()
    await expect(modal).to_be_hidden()
    await expect(page.locator("#log article").last).to_contain_text("Because: customers wait")


async def test_a_button_inside_a_modal_asks_and_keeps_what_was_typed(look: Open) -> None:
    page = await look()
    await say(page, "@estiva gate")
    await page.get_by_role("button", name="Explain Why").click()
    modal = page.locator("#modal")
    await modal.get_by_label("Reason").fill("typed before")
    await modal.get_by_label("Where").select_option("production")
    await modal.get_by_role("button", name="Use Template").click()
    await modal.get_by_role("button", name="Yes").click()
    await expect(modal).to_contain_text("Template used")
    await expect(modal.get_by_label("Reason")).to_have_value("typed before")
    await expect(modal.get_by_label("Where")).to_have_value("production")


async def test_acting_as_another_person_keeps_the_place(look: Open) -> None:
    page = await look("dev", "C0GENERAL")
    await page.locator(".switcher summary").click()
    await page.get_by_role("link", name="Rui").click()
    await page.wait_for_selector("html[data-ready][data-me=URUIREL01]")
    await expect(page.locator("#here")).to_have_text("#general")
    await expect(page.locator(".switcher summary")).to_contain_text("Rui")


async def test_cancelling_a_modal_closes_it_for_the_app_too(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await say(page, "@estiva gate")
    await page.get_by_role("button", name="Explain Why").click()
    await expect(page.locator("#modal")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#modal")).to_be_hidden()
    await page.wait_for_function("fetch('/act/state?as=dev').then(r => r.json()).then(s => s.views.length === 0)")


async def test_a_plan_is_edited_in_place_and_has_a_thread(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await say(page, "@estiva plan")
    await expect(page.locator(".task.in_progress .state")).to_have_text("In progress")
    await page.get_by_role("button", name="1 reply").click()
    pane = page.locator("#thread")
    await expect(pane).to_contain_text("details")
    await pane.get_by_label("Reply in the thread").fill("thanks")
    await page.keyboard.press("Enter")
    await expect(pane.locator("article").last).to_contain_text("thanks")
    await expect(page.locator("#log .replies")).to_contain_text("2 replies")
    await page.keyboard.press("Escape")
    await expect(pane).to_be_hidden()


async def test_a_table_shows_all_its_columns_beside_a_channel(look: Open, workspace: LocalWorkspace) -> None:
    page = await look(viewport={"width": 1280, "height": 800})
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
    root = await client.chat_postMessage(channel="C0DEPLOYS", text="What runs?")
    cells = ["hello-12", "promote", "production", "feature/a-rather-long-name", "Ana Souza", "2026-11-26", "succeeded"]
    names = ["Run", "What", "Environment", "Ref", "By", "When", "Ended"]
    rows = [[{"type": "raw_text", "text": text} for text in row] for row in (names, cells)]
    await client.chat_postMessage(
        channel="C0DEPLOYS", thread_ts=str(root["ts"]), text="Runs", blocks=[{"type": "table", "rows": rows}]
    )
    await page.get_by_role("button", name="1 reply").click()
    box = page.locator("#thread .scroll")
    await expect(box.locator("td").last).to_have_text("succeeded")
    assert await box.evaluate("each => each.scrollWidth <= each.clientWidth"), "nothing is cut"
    assert await box.locator("td").last.evaluate("each => getComputedStyle(each, '::before').content") == '"Ended"'


async def test_an_edit_leaves_alone_what_did_not_change(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await say(page, "@estiva plan")
    spinner = page.locator(".task.in_progress .icon")
    await expect(page.locator(".replies")).to_be_visible()
    await spinner.evaluate("each => { each.turning = true }")
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.plan h3'))")
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
    ts = await page.locator("article:has(.plan)").get_attribute("data-ts") or ""
    await client.chat_update(channel="C0DEPLOYS", ts=ts, text="Deploying", blocks=plan("in_progress", "error"))
    await expect(page.locator(".task.error .state")).to_have_text("Failed")
    assert await spinner.evaluate("each => each.turning")
    assert await page.evaluate("getSelection().toString()") == "Deploying hello"


async def test_a_file_can_be_read_and_saved(look: Open) -> None:
    page = await look()
    await say(page, "@estiva log")
    card = page.locator("figure.file")
    await expect(card).to_contain_text("run.log")
    await card.locator("summary").click()
    await expect(card.locator("pre")).to_contain_text("line two")
    async with page.expect_download() as waiting:
        await card.get_by_role("link", name="Download").click()
    download = await waiting.value
    assert (await download.path()).read_text() == "line one\nline two\n"


async def test_marks_what_is_unread_until_it_is_read(look: Open) -> None:
    ana, bia = await look("dev", "C0GENERAL"), await look("dev2")
    place = ana.locator('.place[data-channel="C0DEPLOYS"]')
    await say(bia, "hello everybody")
    await expect(place).to_have_class("place unread")
    await place.click()
    await expect(ana.locator("#log article").last).to_contain_text("hello everybody")
    await ana.locator('.place[data-channel="C0GENERAL"]').click()
    await expect(ana.locator("#here")).to_have_text("#general")
    await expect(place).to_have_class("place")


async def test_only_one_person_sees_a_whisper(look: Open) -> None:
    ana, bia = await look("dev"), await look("dev2")
    await say(ana, "@estiva whisper")
    await expect(ana.locator(".ephemeral")).to_contain_text("Only visible to you")
    await expect(bia.locator("#log")).to_contain_text("whisper")
    assert await bia.locator(".ephemeral").count() == 0


async def test_a_whisper_in_a_thread_is_no_reply(look: Open, workspace: LocalWorkspace) -> None:
    app = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    root = (await app.chat_postMessage(channel="C0DEPLOYS", text="a question"))["ts"]
    for text in ("one", "two"):
        await app.chat_postMessage(channel="C0DEPLOYS", thread_ts=root, text=text)
    await app.chat_postEphemeral(channel="C0DEPLOYS", thread_ts=root, user="UANADEV01", text="only you")
    ana = await look("dev")
    number = ana.locator("#log article", has_text="a question").locator(".replies")
    await expect(number).to_contain_text("2 replies")
    await number.click()
    await expect(ana.locator("#thread-log article")).to_have_count(4)
    await expect(ana.locator("#thread-log .thread-rule")).to_have_text("2 replies")


async def test_a_link_to_a_message_that_names_its_thread_opens_it(look: Open, workspace: LocalWorkspace) -> None:
    app = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    root = str((await app.chat_postMessage(channel="C0DEPLOYS", text="a card"))["ts"])
    await app.chat_postMessage(channel="C0DEPLOYS", thread_ts=root, text="what came of it")
    page = await look("dev", "C0GENERAL")
    link = str((await app.chat_getPermalink(channel="C0DEPLOYS", message_ts=root))["permalink"])
    await page.goto(f"{link}?thread_ts={root}&cid=C0DEPLOYS")
    await expect(page.locator("#thread-log")).to_contain_text("what came of it")
    await expect(page.locator("#here")).to_have_text("#deploys")


COVERED = """() => {
  const tools = document.querySelector(".toolbar:hover, .message:focus-within > .toolbar").getBoundingClientRect();
  const beside = (box) => box.right <= tools.left || tools.right <= box.left;
  const meets = (box) => !beside(box) && box.top < tools.bottom && tools.top < box.bottom;
  const buttons = [...document.querySelectorAll("#log .said button, #log .said summary, #log .said a")];
  return buttons.filter((each) => meets(each.getBoundingClientRect())).map((each) => each.textContent);
}"""


async def test_on_a_phone_the_tools_of_a_message_cover_no_button(look: Open, workspace: LocalWorkspace) -> None:
    app = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    wide = [
        {"type": "button", "text": {"type": "plain_text", "text": f"Choose {n}"}, "action_id": f"{n}"} for n in range(8)
    ]
    for number in range(3):
        await app.chat_postMessage(
            channel="C0DEPLOYS", text=f"{number}", blocks=[{"type": "actions", "elements": wide}]
        )
    page = await look("dev", viewport=PHONE)
    for article in await page.locator("#log article").all():
        await article.focus()
        await expect(article.locator(".toolbar")).to_be_visible()
        assert await page.evaluate(COVERED) == []


SEEN = """() => {
  const list = document.getElementById("log"), edge = list.getBoundingClientRect().top;
  const first = [...list.querySelectorAll("article")].find((each) => each.getBoundingClientRect().bottom > edge);
  return [first.dataset.ts, Math.round(first.getBoundingClientRect().top - edge)];
}"""


async def test_what_is_read_stays_in_its_place_when_the_window_gets_another_width(
    look: Open, workspace: LocalWorkspace
) -> None:
    app = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    for number in range(40):
        await app.chat_postMessage(
            channel="C0DEPLOYS", text=f"{number} " + "goes over several lines when it is narrow " * 6
        )
    page = await look("dev", viewport={"width": 1280, "height": 800})
    await page.locator("#log").evaluate("each => each.scrollTop = each.scrollHeight / 2")
    await page.wait_for_timeout(100)
    before = await page.evaluate(SEEN)
    for width, height in ((390, 844), (800, 500), (1280, 800)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.wait_for_timeout(100)
        ts, below = await page.evaluate(SEEN)
        assert (ts, abs(below - before[1]) <= 2) == (before[0], True), (width, below, before)
    await page.locator("#to-bottom").click()
    await page.set_viewport_size({"width": 390, "height": 600})
    await expect(page.locator("#log article").last).to_be_in_viewport(ratio=0.9)


async def test_completes_commands_and_shows_failed_ones(look: Open) -> None:
    page = await look()
    await page.locator("#draft").press_sequentially("/es")
    await expect(page.get_by_role("option")).to_contain_text("deploy hello to homolog")
    await page.keyboard.press("Tab")
    await expect(page.locator("#draft")).to_have_value("/estiva ")
    await page.keyboard.type("fine")
    await page.keyboard.press("Enter")
    await expect(page.locator(".ephemeral")).to_contain_text("all is well, fine")
    await say(page, "/estiva fail")
    await expect(page.locator(".notice")).to_contain_text("/estiva failed with the error")
    await expect(page.locator("#draft")).to_have_value("/estiva fail")


async def test_a_message_shortcut_answers_in_the_thread(look: Open) -> None:
    page = await look()
    await say(page, "what is this?")
    await page.locator("#log article").last.hover()
    await page.get_by_label("More actions").last.click()
    await page.get_by_role("button", name="Explain This").click()
    await expect(page.locator(".replies")).to_contain_text("1 reply")


async def test_talks_in_private_and_looks_at_the_home(look: Open) -> None:
    page = await look()
    await page.locator(".places a", has_text="Estiva").click()
    await say(page, "hello")
    await expect(page.locator("#log article").last).to_contain_text("Hello in private")
    await page.get_by_role("link", name="Home").click()
    await expect(page.locator("#home")).to_contain_text("Your runs")


async def test_reacts_and_takes_it_back(look: Open) -> None:
    page = await look()
    await say(page, "done")
    await page.locator("#log article").last.hover()
    await page.get_by_label("Add a reaction").click()
    await page.get_by_label("React with tada").click()
    chip = page.locator(".reaction")
    await expect(chip).to_have_text("🎉 1")
    await chip.click()
    await expect(chip).to_have_count(0)


async def test_everything_by_keyboard_alone(look: Open) -> None:
    page = await look("release")
    await page.keyboard.type("@estiva gate")
    await page.keyboard.press("Enter")
    approve = page.locator('[data-action="approve"] > button')
    await expect(approve).to_be_visible()
    await page.locator("#log").focus()
    await page.keyboard.press("End")
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await approve.evaluate("each => each === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Yes")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#log article").last).to_contain_text("Approved by")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#here")).to_have_text("#general")


async def test_keyboard_opens_a_thread_and_the_list_of_keys(look: Open) -> None:
    page = await look()
    await say(page, "look here")
    await expect(page.locator("#log article")).to_have_count(1)
    await page.locator("#log").focus()
    await page.keyboard.press("End")
    await page.keyboard.press("r")
    await expect(page.locator("#thread .draft")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#log article").last).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()


async def test_fits_a_phone(look: Open) -> None:
    page = await look("dev", viewport=PHONE, has_touch=True)
    await say(page, "@estiva plan")
    await expect(page.locator(".plan")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await expect(page.locator(".sidebar")).to_be_hidden()
    await page.get_by_label("Open the sidebar").click()
    await page.locator('.place[data-channel="C0GENERAL"]').click()
    await expect(page.locator("#here")).to_have_text("#general")
    await expect(page.locator(".sidebar")).to_be_hidden()


async def test_keeps_the_draft_through_a_reload(look: Open) -> None:
    page = await look()
    await page.fill("#draft", "not yet sent")
    await page.reload()
    await expect(page.locator("#draft")).to_have_value("not yet sent")


async def test_a_link_to_a_message_opens_there(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await say(page, "the one")
    await expect(page.locator("#log article")).to_have_count(1)
    address = await page.locator(".when").get_attribute("href")
    await page.goto(f"{workspace.url}{address}")
    await expect(page.locator("article.aimed")).to_contain_text("the one")


async def test_a_link_into_a_thread_opens_it_beside_the_channel(look: Open, workspace: LocalWorkspace) -> None:
    page = await look("release")
    await say(page, "the one")
    await expect(page.locator("#log article")).to_have_count(1)
    ts = str(await page.locator("#log article").get_attribute("data-ts"))
    await say(page, f"{workspace.url}/archives/C0DEPLOYS/p{ts.replace('.', '')}?thread_ts={ts}&cid=C0DEPLOYS")
    await page.locator("#log article .body a").last.click()
    await expect(page.locator("#thread-log article")).to_contain_text("the one")
    assert len(page.context.pages) == 1
    await expect(page.locator("#log article")).to_have_count(2)


async def test_a_stranger_in_no_channel_of_others(look: Open, workspace: LocalWorkspace) -> None:
    page = await look("outsider")
    answer = await page.request.get(f"{workspace.url}/page/channel?as=dev2&channel=D0UANADEV01")
    assert answer.status == 404
    assert "default-src 'none'" in (await page.request.get(workspace.url)).headers["content-security-policy"]
    assert (await page.request.get(f"{workspace.url}/page/static/")).status == 404
