"""What the journal says is what Slack shows: once, in order, whatever happens in between."""

import asyncio
import random
from datetime import UTC, datetime

from bot.slack.blocks import plan as plan_block
from bot.slack.blocks import section
from bot.slack.cards.shown import Desired
from bot.slack.marks import escape
from bot.slack.speaker import digest_of
from storage.model.event import Kind
from storage.model.release import Release
from storage.model.reply import Reply, Verdict
from storage.model.request import Request
from storage.model.run import Run, Status
from tests.slack.town import ANA, DEPLOYS, RANDOM, RUI, Town, button


async def test_a_run_is_shown_from_request_to_release(place: Town) -> None:
    run = await place.open_run()
    async with place.working():
        card = await place.until(lambda: place.message(f"{run.id}/card"))
        assert [task["status"] for task in _plan(card)["tasks"]] == ["pending"] * 5
        assert button(card, "estiva:cancel")["value"] == f"cancel {run.id}"
        await _tested(place, run)
        approval = await place.ask_approval(run)
        question = await place.until(lambda: place.message(f"{run.id}/approval/approve-production"))
        assert button(question, "estiva:approve")["value"] == f"approve {approval}"
        assert f"<@{RUI}>" in question["blocks"][0]["text"]["text"]
        await place.store.approvals.approve(approval, RUI, "subject")
        await place.until(lambda: _without_buttons(place, f"{run.id}/approval/approve-production"))
        await place.walk(run, "release", "deploy")
        await place.store.runs.finish(run.id, Status.SUCCEEDED)
        end = await place.until(lambda: place.message(f"{run.id}/ended"))
        await place.until(lambda: _has_status(place, run, "succeeded"))
        await place.until(lambda: _nothing_new(place))
    events = await place.store.journal.of_run(run.id)
    assert f"<@{ANA}>" in end["blocks"][0]["text"]["text"]
    assert events[-1].hash[:16] in str(end["blocks"])
    notes = [key for key in await place.keys() if "/stage/" in key]
    assert sorted(notes) == [f"{run.id}/stage/build", f"{run.id}/stage/release", f"{run.id}/stage/test"]
    assert {(await place.message(key) or {})["thread_ts"] for key in notes} == {card["ts"]}
    said = str([message["blocks"] for message in await place.messages(thread=card["ts"])])
    assert "`1a2b3c4`" in said
    assert "1a2b3c4d" not in said, "a commit has 7 digits everywhere"
    final = await place.message(f"{run.id}/card") or {}
    assert {task["status"] for task in _plan(final)["tasks"]} == {"complete"}
    assert not [block for block in final["blocks"] if block["type"] == "actions"]


async def test_an_open_question_is_asked_anew_when_what_it_would_replace_has_changed(place: Town) -> None:
    run, other = await place.open_run(), await place.open_run(2)
    key = f"{run.id}/approval/approve-production"
    async with place.working():
        await _tested(place, run)
        await place.ask_approval(run)
        await place.until(lambda: _says(place, key, "Nothing runs there yet"))
        await _released(place, other)
        await place.until(lambda: _says(place, key, "Now running there: `fffffff`"))
        question = await place.message(key) or {}
        assert "Nothing runs there yet" not in str(question["blocks"])
        assert button(question, "estiva:approve")["value"] == f"approve {run.id}/approve-production"
    third = await place.open_run(3)
    await _released(place, third, "e" * 40)
    async with place.working():
        await place.until(lambda: _says(place, key, "Now running there: `eeeeeee`"))


async def _released(place: Town, run: Run, commit: str = "f" * 40) -> None:
    release = Release(
        service="hello", environment="production", run=run.id, commit=commit, subject="", author="Bia", image="",
        digest=f"sha256:{commit}", address="", by=ANA, at=datetime.now(UTC),
    )  # fmt: skip
    await place.store.releases.record(release)


async def _says(place: Town, key: str, words: str) -> bool:
    return words in str(((await place.message(key)) or {}).get("blocks"))


def _plan(message: dict[str, object]) -> dict[str, list[dict[str, str]]]:
    blocks = message["blocks"]
    assert isinstance(blocks, list)
    return next(block for block in blocks if block["type"] == "plan")


async def _tested(place: Town, run: Run) -> None:
    for stage, action in (("build", "fetch"), ("build", "image"), ("test", "unit-tests")):
        await place.walk(run, stage, action)


async def _without_buttons(place: Town, key: str) -> bool:
    message = await place.message(key)
    return bool(message) and not [b for b in (message or {})["blocks"] if b["type"] == "actions"]


async def _has_status(place: Town, run: Run, status: str) -> bool:
    return await place.status(run) == status


async def test_a_failure_says_what_why_and_what_next(place: Town) -> None:
    run = await place.open_run()
    lines = ["FAILED <!channel> ``` & more", *["x" * 400] * 20, "AssertionError: 1 != 2"]
    async with place.working():
        await place.note(run, Kind.ACTION_STARTED, stage="build", action="image", attempt=1)
        await place.note(
            run, Kind.ACTION_FAILED, stage="build", action="image", attempt=1, reason="<!here> broke", exit_code=3,
            hint="Look at `Dockerfile`", excerpt=lines, final=True,
        )  # fmt: skip
        await place.store.runs.finish(run.id, Status.FAILED, "build failed")
        failed = await place.until(lambda: place.message(f"{run.id}/failure/build/image"))
        await place.until(lambda: _has_status(place, run, "failed"))
        await asyncio.sleep(0.3)
    shown = str(failed["blocks"])
    assert "<!" not in shown
    assert "Exit code 3: &lt;!here&gt; broke" in shown
    assert "AssertionError: 1 != 2" in shown
    assert failed["thread_ts"] == (await place.message(f"{run.id}/card") or {})["ts"]
    assert "subtype" not in failed
    assert button(failed, "estiva:retry")["value"] == f"retry {run.id}"
    assert f"{run.id}/ended" not in await place.keys()


async def test_a_thread_tells_a_run_in_the_order_in_which_it_went(place: Town) -> None:
    run = await place.open_run()
    await _tested(place, run)
    await place.store.approvals.approve(await place.ask_approval(run), RUI, "subject")
    await place.walk(run, "release", "deploy")
    await place.store.runs.finish(run.id, Status.SUCCEEDED)
    async with place.working():
        await place.until(lambda: _nothing_new(place), seconds=30)
    said = [key.removeprefix(f"{run.id}/") for key in await place.keys()]
    assert said == ["card", "stage/build", "stage/test", "approval/approve-production", "stage/release", "ended"]
    assert "Said late" not in str(await place.messages(thread=(await place.message(f"{run.id}/card") or {})["ts"]))


async def test_a_question_leads_to_its_card_from_the_first_and_stays_as_it_was_posted(place: Town) -> None:
    run = await place.open_run()
    await _tested(place, run)
    await place.ask_approval(run)
    async with place.working():
        await place.until(lambda: _nothing_new(place), seconds=30)
    question = await place.message(f"{run.id}/approval/approve-production") or {}
    card = await place.message(f"{run.id}/card") or {}
    assert f"p{card['ts'].replace('.', '')}" in str(question["blocks"])
    assert f"p{question['ts'].replace('.', '')}" in str(card["blocks"])
    assert "edited" not in question, "whoever is about to click has the button taken away"


async def test_what_comes_after_the_end_says_so(place: Town) -> None:
    run = await place.open_run()
    await _tested(place, run)
    await place.store.runs.finish(run.id, Status.SUCCEEDED)
    await place.store.posts.put(f"{run.id}/ended", DEPLOYS, "1700000000.000100", "it could not wait")
    async with place.working():
        note = await place.until(lambda: place.message(f"{run.id}/stage/build"))
    assert note["blocks"][-1]["elements"][0]["text"] == "Said late: this was before what stands above it."


async def test_a_burst_of_progress_is_few_edits(place: Town) -> None:
    run = await place.open_run()
    async with place.working():
        await place.until(lambda: place.message(f"{run.id}/card"))
        for attempt in range(1, 41):
            await place.note(run, Kind.ACTION_STARTED, stage="build", action="image", attempt=attempt)
            await asyncio.sleep(0.02)
        await place.until(lambda: _title(place, run, "Building image (attempt 40)"))
        assert len(await place.log(method="chat.update")) <= 2


async def _title(place: Town, run: Run, title: str) -> bool:
    card = await place.message(f"{run.id}/card")
    return bool(card) and title in str((card or {})["blocks"])


async def test_dying_anywhere_loses_and_doubles_nothing(place: Town) -> None:
    async def answer(request: Request) -> Reply:
        return Reply(verdict=Verdict.DONE, text=f"You said {request.text}")

    place.desk.answer = answer
    run = await place.open_run()
    await _tested(place, run)
    approval = await place.ask_approval(run)
    chance = random.Random(7)
    for life in range(14):
        slack = place.slack()
        await slack.open()
        task = asyncio.create_task(slack.run())
        await asyncio.sleep(chance.random() * 0.15 + 0.01 * life)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await slack.close()
        if life == 7:
            await place.store.approvals.approve(approval, RUI, "subject")
            await place.walk(run, "release", "deploy")
            await place.store.runs.finish(run.id, Status.SUCCEEDED)
    async with place.working():
        await place.until(lambda: _has_status(place, run, "succeeded"))
        await place.until(lambda: _nothing_new(place))
    keys = await place.keys()
    assert sorted(keys) == sorted(
        f"{run.id}/{name}"
        for name in ("card", "stage/build", "stage/test", "stage/release", "approval/approve-production", "ended")
    )

    card = await place.message(f"{run.id}/card") or {}
    notes = [await place.message(key) or {} for key in keys if "/stage/" in key]
    assert {note["thread_ts"] for note in notes} == {card["ts"]}


async def _nothing_new(place: Town) -> bool:
    return not await place.store.runs.news()


async def test_a_message_slack_took_but_we_did_not_note_is_not_said_again(place: Town) -> None:
    """The moment between Slack's answer and our own note, made exactly."""
    run = await place.open_run()
    async with place.working():
        card = await place.until(lambda: place.message(f"{run.id}/card"))
        await place.until(lambda: _nothing_new(place))
    await place.store.posts.put(f"{run.id}/other", DEPLOYS, "1.0", "x")
    forgetful = await place.store.posts.get(f"{run.id}/card")
    assert forgetful is not None
    message = Desired(key=f"{run.id}/twice", channel=DEPLOYS, blocks=(), text="once", payload={"key": "twice"})
    slack = place.slack()
    await slack.open()
    speaker = slack.speaker()
    channel, ts = await speaker._post(message, "digest")  # noqa: SLF001 - the crash comes right after this step
    await speaker.deliver(message)
    post = await place.store.posts.get(message.key)
    assert post is not None
    assert (post.channel, post.ts) == (channel, ts)
    assert [m["text"] for m in await place.bots()].count("once") == 1
    assert card["ts"] == forgetful.ts
    await slack.close()


async def test_what_stands_there_in_an_older_version_is_edited(place: Town) -> None:
    """As above, but what is to be said has changed meanwhile: Slack gives the older message for the same id."""
    slack = place.slack()
    await slack.open()
    older, newer = (
        Desired(key="m", channel=DEPLOYS, blocks=(section(escape(text)),), text=text, payload={"key": "m"})
        for text in ("running", "done")
    )
    await slack.speaker()._post(older, digest_of(older))  # noqa: SLF001 - the crash comes right after this step
    await slack.speaker().deliver(newer)
    assert [message["text"] for message in await place.bots()] == ["done"]
    await slack.close()


async def test_where_the_bot_may_not_write_the_requester_gets_it(place: Town) -> None:
    run = await place.open_run(channel=RANDOM)
    async with place.working():
        direct = place.workspace.workspace.direct(ANA)
        assert direct is not None
        await place.until(lambda: place.message(f"{run.id}/card", direct.id))
        await _tested(place, run)
        note = await place.until(lambda: place.message(f"{run.id}/stage/build", direct.id))
        assert note["thread_ts"] == (await place.message(f"{run.id}/card", direct.id) or {})["ts"]


async def test_a_run_that_was_asked_from_no_channel_is_shown_to_its_requester(place: Town) -> None:
    run = await place.open_run(channel="")
    direct = place.workspace.workspace.direct(ANA)
    assert direct is not None
    async with place.working():
        approval = await place.ask_approval(run)
        question = await place.until(lambda: place.message(f"{run.id}/approval/approve-production", direct.id))
    assert button(question, "estiva:approve")["value"] == f"approve {approval}"


async def test_a_refused_block_is_drawn_more_plainly(place: Town) -> None:
    slack = place.slack()
    await slack.open()
    wrong = {**plan_block("Building", [{"type": "task_card", "task_id": "1", "title": "Build", "status": "complete"}])}
    wrong["tasks"] = wrong["tasks"] * 2  # the same id twice
    message = Desired(key="odd", channel=DEPLOYS, blocks=(wrong,), text="Building", payload={"key": "odd"})
    await slack.speaker().deliver(message)
    shown = await place.message("odd")
    assert shown is not None
    assert "● done: Build" in shown["blocks"][0]["text"]["text"]
    await slack.close()


async def test_slack_saying_slow_down_is_obeyed(place: Town) -> None:
    await place.control("switch", rate_limited={"chat.postMessage": 2}, retry_after=1)
    run = await place.open_run()
    async with place.working():
        await place.until(lambda: place.message(f"{run.id}/card"))
    assert len(await place.log(method="chat.postMessage")) >= 3


async def test_ten_deploys_stay_within_slacks_limits(place: Town) -> None:
    await place.control("switch", rate_limits=True)
    runs = [await place.open_run(number, channel) for number, channel in enumerate([DEPLOYS, "C0GENERAL"] * 5)]
    async with place.working():
        for run in runs:
            await _tested(place, run)
        for run in runs:
            await place.store.runs.finish(run.id, Status.CANCELLED, "enough")
        await place.until(lambda: _nothing_new(place), 60)
    assert b'result="ratelimited"' not in place.metrics.text()
