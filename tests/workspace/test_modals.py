import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from tests.workspace.kit import CHOICE, plain

REASON = {
    "type": "input",
    "block_id": "reason",
    "label": plain("Why?"),
    "element": {"type": "plain_text_input", "action_id": "why", "min_length": 3},
}
WHERE = {"type": "input", "block_id": "where", "label": plain("Where?"), "element": CHOICE}


def modal(*blocks: dict[str, Any], title: str = "Deploy", **more: Any) -> dict[str, Any]:
    frame = {"type": "modal", "callback_id": "deploy", "title": plain(title), "submit": plain("Go")}
    return frame | {"blocks": list(blocks) or [{"type": "divider"}]} | more


async def opened(ana: WorkspaceClient) -> dict[str, Any]:
    event = await ana.wait_for(lambda event: event["type"] == "view" and event["action"] == "opened")
    return dict(event["views"][-1])


def opens(bolt: AsyncApp, view: dict[str, Any]) -> None:
    @bolt.shortcut("deploy")
    async def shortcut(ack: Any, client: AsyncWebClient, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)


async def test_a_modal_is_opened_submitted_and_closed(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    submitted: list[dict[str, Any]] = []
    opens(bolt, modal(REASON, WHERE, private_metadata="run-7"))

    @bolt.view("deploy")
    async def submission(ack: Any, view: dict[str, Any]) -> None:
        await ack()
        submitted.append(view)

    await connect()
    assert (await ana.act("shortcut", callback_id="deploy"))["ok"]
    view = await opened(ana)
    answer = await ana.submit(view, why="because", environment="production")

    assert (answer["response"], answer["views"]) == ("closed", [])
    values = submitted[0]["state"]["values"]
    assert values["reason"]["why"]["value"] == "because"
    assert values["where"]["environment"]["selected_option"]["value"] == "production"
    assert submitted[0]["private_metadata"] == "run-7"


async def test_the_client_refuses_an_empty_or_short_input_itself(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    opens(bolt, modal(REASON))
    await connect()
    await ana.act("shortcut", callback_id="deploy")
    view = await opened(ana)

    empty = await ana.submit(view)
    short = await ana.submit(view, why="x")

    assert empty["errors"] == {"reason": "Please complete this required field."}
    assert short["errors"] == {"reason": "Please enter at least 3 characters."}
    assert not [each for each in await ana.log() if each.get("payload", {}).get("type") == "view_submission"]


@pytest.mark.parametrize(
    ("answer", "response", "titles"),
    [
        ({"response_action": "update", "view": modal(title="Second")}, "updated", ["Second"]),
        ({"response_action": "push", "view": modal(title="Second")}, "pushed", ["Deploy", "Second"]),
        ({"response_action": "clear"}, "cleared", []),
    ],
)
async def test_a_submission_may_change_the_stack(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient, answer: dict[str, Any], response: str, titles: list[str]
) -> None:
    opens(bolt, modal())

    @bolt.view("deploy")
    async def submission(ack: Any) -> None:
        await ack(**answer)

    await connect()
    await ana.act("shortcut", callback_id="deploy")
    result = await ana.submit(await opened(ana))

    assert result["response"] == response
    assert [view["title"]["text"] for view in result["views"]] == titles


async def test_the_app_may_find_errors(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    opens(bolt, modal(REASON))

    @bolt.view("deploy")
    async def submission(ack: Any) -> None:
        await ack(response_action="errors", errors={"reason": "Not good enough"})

    await connect()
    await ana.act("shortcut", callback_id="deploy")
    result = await ana.submit(await opened(ana), why="because")

    assert (result["error"], result["errors"]) == ("validation", {"reason": "Not good enough"})
    assert len((await ana.look("state"))["views"]) == 1


async def test_an_unacked_submission_leaves_the_modal_open(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    opens(bolt, modal())
    await connect()
    await ana.act("shortcut", callback_id="deploy")
    await ana.control("switch", ack_seconds=0.2)

    result = await ana.submit(await opened(ana))

    assert result["message"] == "We had some trouble connecting. Try again?"
    assert len((await ana.look("state"))["views"]) == 1


async def test_closing_is_told_when_asked(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    closed = asyncio.Event()
    opens(bolt, modal(notify_on_close=True))

    @bolt.view_closed("deploy")
    async def gone(ack: Any) -> None:
        await ack()
        closed.set()

    await connect()
    await ana.act("shortcut", callback_id="deploy")
    view = await opened(ana)
    answer = await ana.act("close", view_id=view["id"])

    assert answer == {"ok": True, "views": []}
    await asyncio.wait_for(closed.wait(), 5)


async def test_a_trigger_is_good_once(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    triggers: list[str] = []

    @bolt.shortcut("deploy")
    async def shortcut(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    await connect()
    await ana.act("shortcut", callback_id="deploy")
    first = await slack.views_open(trigger_id=triggers[0], view=modal())
    errors = []
    for trigger in (triggers[0], "1.2.3"):
        with pytest.raises(SlackApiError) as refusal:
            await slack.views_open(trigger_id=trigger, view=modal())
        errors.append(refusal.value.response["error"])

    assert first["view"]["hash"]
    assert errors == ["exchanged_trigger_id", "invalid_trigger_id"]


async def test_a_view_is_updated_with_the_right_hash_only(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    opens(bolt, modal(external_id="ours"))
    await connect()
    await ana.act("shortcut", callback_id="deploy")
    view = await opened(ana)

    updated = await slack.views_update(view_id=view["id"], hash=view["hash"], view=modal(title="New"))
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await slack.views_update(view_id=view["id"], hash=view["hash"], view=modal(title="Newer"))

    assert updated["view"]["title"]["text"] == "New"
    assert updated["view"]["id"] == view["id"]
