"""What people say in Slack becomes requests, once each, and is answered where it was said."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.connection import Access, Slack, SlackSetupError
from storage.model.reply import Attachment, Offer, Reply, Table, Verdict
from storage.model.request import Request, Via
from tests.slack.town import ANA, CATALOG, DEPLOYS, RANDOM, Town, button, plan


async def test_a_mention_is_answered_in_its_thread(place: Town) -> None:
    async with place.working():
        said = await place.say("@estiva  status of <hello> & co")
        answer = await place.until(lambda: place.bots(thread=said["ts"]))
    assert answer[0]["text"] == "You said status of &lt;hello&gt; &amp; co"
    request = place.desk.asked[0]
    assert (request.via, request.user, request.text) == (Via.MENTION, ANA, "status of <hello> & co")
    assert request.id == f"msg/T0ESTIVA1/{DEPLOYS}/{said['ts']}"


async def test_a_direct_message_is_answered(place: Town) -> None:
    async with place.working():
        said = await place.say("help", channel="@estiva")
        answer = await place.until(lambda: place.bots(said["channel"]))
    assert answer[0]["text"] == "You said help"
    assert "thread_ts" not in answer[0]
    assert place.desk.asked[0].via is Via.DIRECT


async def test_a_slash_command_is_answered_to_the_asker_alone(place: Town) -> None:
    async with place.working():
        assert (await place.say("/estiva status"))["ok"]
        answer = await place.until(place.bots)
        assert answer[0]["is_ephemeral"]
        assert not await place.bots(who="release")


async def test_a_slash_command_works_where_the_bot_is_no_member(place: Town) -> None:
    async with place.working():
        assert (await place.say("/estiva status", channel="#random"))["ok"]
        answer = await place.until(lambda: place.bots(RANDOM))
    assert answer[0]["text"] == "You said status"


async def test_an_event_that_slack_repeats_is_done_once(place: Town) -> None:
    await place.control("switch", duplicate_events=3, drop_acks=2)
    async with place.working():
        for number in range(3):
            await place.say(f"@estiva do {number}")
        await place.until(lambda: _done(place, 3))
        await asyncio.sleep(0.5)
        assert sorted(r.text for r in place.desk.asked) == ["do 0", "do 1", "do 2"]
        assert len(await place.keys()) == 3


async def _done(place: Town, count: int) -> bool:
    return len(await place.keys()) >= count


async def test_a_button_asks_what_it_offered(place: Town) -> None:
    async def answer(request: Request) -> Reply:
        if request.via is Via.BUTTON:
            return Reply(verdict=Verdict.STARTED, text="Started", run="hello-2")
        return Reply(verdict=Verdict.ASK, text="Which?", offers=(Offer(label="Retry", command="retry hello-1"),))

    place.desk.answer = answer
    async with place.working():
        said = await place.say("@estiva again")
        shown = (await place.until(lambda: place.bots(thread=said["ts"])))[0]
        element = button(shown, "estiva:offer.0")
        block = shown["blocks"][-1]["block_id"]
        clicked = {"channel": DEPLOYS, "message_ts": shown["ts"], "block_id": block, "action_id": element["action_id"]}
        assert (await place.act("click", **clicked))["ok"]
        await place.until(lambda: _replies(place, said["ts"], 2))
    assert place.desk.asked[1].text == "retry hello-1"
    assert place.desk.asked[1].thread == said["ts"]


async def _replies(place: Town, thread: str, count: int) -> bool:
    return len(await place.bots(thread=thread)) >= count


async def test_a_refusal_is_seen_by_the_asker_alone(place: Town) -> None:
    async def refuse(_request: Request) -> Reply:
        return Reply(verdict=Verdict.REFUSED, text="You may not.", private=True)

    place.desk.answer = refuse
    async with place.working():
        await place.say("@estiva deploy hello to production", who="outsider")
        seen = await place.until(lambda: place.bots(who="outsider"))
        assert seen[0]["is_ephemeral"]
        assert not await place.bots(who="dev")


async def test_tables_and_files_come_with_an_answer(place: Town) -> None:
    async def answer(_request: Request) -> Reply:
        table = Table(header=("Run", "What"), rows=(("hello-1", "deploy"),))
        return Reply(
            verdict=Verdict.DONE,
            text="Here",
            table=table,
            excerpt=("boom",),
            attachment=Attachment(name="a.txt", text="x" * 2_000_000),
        )

    place.desk.answer = answer
    async with place.working():
        said = await place.say("@estiva logs hello")
        await place.until(lambda: _replies(place, said["ts"], 2))
        shown = await place.bots(thread=said["ts"])
    assert [block["type"] for block in shown[0]["blocks"]] == ["section", "table", "section"]
    assert shown[1]["files"][0]["name"] == "a.txt"


async def test_what_came_late_is_questioned(place: Town) -> None:
    late = Request(
        id="msg/late",
        via=Via.MENTION,
        team="T0ESTIVA1",
        channel=DEPLOYS,
        user=ANA,
        text="deploy hello to production",
        at=datetime.now(UTC) - timedelta(minutes=7),
    )
    await place.store.requests.accept(late)
    async with place.working():
        shown = await place.until(place.bots)
    assert "7 minutes late" in shown[0]["text"]
    assert button(shown[0], "estiva:offer.0")["value"] == "deploy hello to production"
    assert place.desk.asked == []


async def test_a_run_that_was_begun_before_a_crash_is_not_questioned(place: Town) -> None:
    old = Request(
        id="msg/old",
        via=Via.MENTION,
        team="T0ESTIVA1",
        channel=DEPLOYS,
        user=ANA,
        text="deploy hello to production",
        at=datetime.now(UTC) - timedelta(minutes=7),
    )
    await place.store.requests.accept(old)
    await place.store.runs.open(old, plan())
    async with place.working():
        await place.until(place.bots)
        await place.until(lambda: _answered(place))
    assert [request.id for request in place.desk.asked] == ["msg/old"]


async def _answered(place: Town) -> bool:
    return bool(place.desk.asked)


async def test_bots_edits_and_strangers_are_left_alone(place: Town) -> None:
    async with place.working():
        await place.say("nobody is spoken to here")
        await place.say("@estiva first")
        await place.until(lambda: _answered(place))
        await asyncio.sleep(0.3)
    assert [request.text for request in place.desk.asked] == ["first"]


async def test_a_desk_that_breaks_is_owned_up_to(place: Town) -> None:
    async def broken(_request: Request) -> Reply:
        raise RuntimeError("no")

    place.desk.answer = broken
    async with place.working():
        said = await place.say("@estiva help")
        shown = await place.until(lambda: place.bots(thread=said["ts"]))
    assert "went wrong in Estiva itself" in shown[0]["text"]


async def test_the_store_failing_is_said_and_not_acknowledged_as_done(place: Town) -> None:
    async with place.working():
        await place.store.database.close()
        answer = await place.say("/estiva status")
        assert answer["ok"]
        shown = await place.until(place.bots)
    assert "nothing was started" in shown[0]["text"]


async def test_an_operator_is_told_when_slack_refuses_the_token(place: Town) -> None:
    slack = Slack(
        access=Access(bot_token="xoxb-wrong", base_url=place.workspace.api_url),
        store=place.store, desk=place.desk, catalog=lambda: CATALOG, metrics=place.metrics,
    )  # fmt: skip
    with pytest.raises(SlackSetupError, match="ESTIVA_SLACK_BOT_TOKEN"):
        await slack.open()


async def test_a_private_answer_is_whispered_once(place: Town) -> None:
    async with place.working():
        for number in range(5):
            await place.say(f"/estiva number {number}")
        await place.until(lambda: _whispers(place, 5))
        await asyncio.sleep(1.5)
        assert await _whispers(place, 5)
        assert not await _whispers(place, 6)


async def _whispers(place: Town, count: int) -> bool:
    return len(await place.bots()) >= count
