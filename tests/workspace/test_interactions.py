from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.workspace.client import WorkspaceClient
from tests.workspace.kit import CHOICE, plain

DEPLOYS = "C0DEPLOYS"
APPROVE = {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "run-7", "style": "primary"}
GATE = [{"type": "actions", "block_id": "gate", "elements": [APPROVE, CHOICE]}]


async def gate(slack: AsyncWebClient, ana: WorkspaceClient) -> dict[str, Any]:
    await slack.chat_postMessage(channel=DEPLOYS, text="Approve?", blocks=GATE)
    return (await ana.messages(DEPLOYS))[-1]


async def test_a_click_carries_who_what_and_where(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.action("approve")
    async def approve(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    await connect()
    message = await gate(slack, ana)

    assert await ana.click(message, "approve") == {"ok": True}

    body = bodies[0]
    assert body["user"]["id"] == "UANADEV01"
    assert body["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": DEPLOYS,
        "is_ephemeral": False,
    }
    assert body["channel"] == {"id": DEPLOYS, "name": "deploys"}
    assert body["message"]["text"] == "Approve?"
    assert (body["actions"][0]["action_id"], body["actions"][0]["value"]) == ("approve", "run-7")
    assert body["actions"][0]["block_id"] == "gate"
    assert body["state"]["values"]["gate"]["environment"]["selected_option"]["value"] == "homolog"
    assert body["response_url"].startswith("http://127.0.0.1")


async def test_a_choice_carries_the_whole_option(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    chosen: list[dict[str, Any]] = []

    @bolt.action("environment")
    async def environment(ack: Any, action: dict[str, Any], body: dict[str, Any]) -> None:
        await ack()
        chosen.extend((action, body["state"]["values"]["gate"]["environment"]))

    await connect()
    await ana.click(await gate(slack, ana), "environment", selected="production")
    unknown = await ana.click(await gate(slack, ana), "environment", selected="moon")

    assert [each["selected_option"]["value"] for each in chosen] == ["production", "production"]
    assert unknown["error"] == "invalid_choice"


async def test_a_click_that_nobody_acks_fails_before_the_person(
    slack: AsyncWebClient, connect: Any, ana: WorkspaceClient
) -> None:
    await connect()
    await ana.control("switch", ack_seconds=0.2)

    answer = await ana.click(await gate(slack, ana), "approve")

    assert answer["error"] == "app_did_not_respond"
    assert len(await ana.log(kind="delivery", method="interactive")) == 1


async def test_a_click_on_an_older_copy_does_what_its_button_said(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    clicked: list[dict[str, Any]] = []

    @bolt.action("approve")
    async def approve(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        clicked.append(action)

    await connect()
    message = await gate(slack, ana)
    other = {**APPROVE, "value": "run-8"}
    drawn_again = [{"type": "actions", "block_id": each["value"], "elements": [each]} for each in (other, APPROVE)]
    await slack.chat_update(channel=DEPLOYS, ts=message["ts"], text="Approve?", blocks=drawn_again)

    assert await ana.click(message, "approve") == {"ok": True}
    assert (await ana.click(message, "approve", value="run-6"))["error"] == "action_not_found"

    assert [(each["block_id"], each["value"]) for each in clicked] == [("gate", "run-7")]


async def test_a_button_that_was_replaced_cannot_be_pressed(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    message = await gate(slack, ana)
    await slack.chat_update(channel=DEPLOYS, ts=message["ts"], text="Approved", blocks=[])

    assert (await ana.click(message, "approve"))["error"] == "action_not_found"
    await slack.chat_delete(channel=DEPLOYS, ts=message["ts"])
    assert (await ana.click(message, "approve"))["error"] == "message_not_found"


async def test_a_command_carries_ids_and_its_ack_is_an_ephemeral_answer(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient, rui: WorkspaceClient
) -> None:
    commands: list[dict[str, Any]] = []

    @bolt.command("/estiva")
    async def command(ack: Any, command: dict[str, Any]) -> None:
        commands.append(command)
        await ack("only for you")

    await connect()
    answer = await ana.say("#deploys", "/estiva grant @release on #general & more")

    assert answer["ok"]
    assert commands[0]["text"] == "grant <@URUIREL01|release> on <#C0GENERAL|general> &amp; more"
    assert commands[0]["channel_id"] == DEPLOYS
    assert commands[0]["user_name"] == "dev"
    shown = await ana.wait_for_message("only for you")
    assert shown["is_ephemeral"]
    assert await rui.messages(DEPLOYS) == []


async def test_a_command_may_answer_everybody(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient, rui: WorkspaceClient
) -> None:
    @bolt.command("/estiva")
    async def command(ack: Any) -> None:
        await ack(text="for all", response_type="in_channel")

    await connect()
    await ana.say("#deploys", "/estiva status")

    assert (await rui.wait_for_message("for all"))["user"] == "UESTIVA01"


async def test_commands_have_no_threads_and_must_exist(ana: WorkspaceClient) -> None:
    said = await ana.say("#deploys", "root")

    in_thread = await ana.say("#deploys", "/estiva status", thread_ts=said["ts"])
    unknown = await ana.say("#deploys", "/deploy hello")

    assert in_thread["error"] == "not_in_thread"
    assert unknown["error"] == "unknown_command"


async def test_a_response_url_is_good_five_times(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    urls: list[str] = []

    @bolt.command("/estiva")
    async def command(ack: Any, command: dict[str, Any]) -> None:
        urls.append(command["response_url"])
        await ack()

    await connect()
    await ana.say("#deploys", "/estiva status")
    webhook = AsyncWebhookClient(urls[0])
    answers = [await webhook.send(text=str(number)) for number in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1].body
    assert len(await ana.messages(DEPLOYS)) == 5


async def test_a_response_may_replace_or_delete_what_was_clicked(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    @bolt.action("approve")
    async def approve(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="Approved", blocks=[], replace_original=True)

    @bolt.action("environment")
    async def environment(ack: Any, respond: Any) -> None:
        await ack()
        await respond(delete_original=True)

    await connect()
    first, second = await gate(slack, ana), await gate(slack, ana)
    await ana.click(first, "approve")
    replaced = await ana.wait_for_message('"Approved"')
    await ana.click(second, "environment", selected="production")
    await ana.wait_for(lambda event: event["type"] == "message_deleted")

    assert replaced["ts"] == first["ts"]
    assert [message["text"] for message in await ana.messages(DEPLOYS)] == ["Approved"]


async def test_a_click_in_an_ephemeral_may_replace_or_delete_it(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    containers: list[dict[str, Any]] = []

    @bolt.action("approve")
    async def approve(ack: Any, respond: Any, body: dict[str, Any]) -> None:
        await ack()
        containers.append(body["container"])
        await respond(text="Sure?", blocks=GATE, replace_original=True)

    @bolt.action("environment")
    async def environment(ack: Any, respond: Any) -> None:
        await ack()
        await respond(delete_original=True)

    await connect()
    await slack.chat_postEphemeral(channel=DEPLOYS, user="UANADEV01", text="Only you", blocks=GATE)
    shown = await ana.wait_for_message("Only you")
    await ana.click(shown, "approve")
    replaced = await ana.wait_for_message("Sure?")
    await ana.click(replaced, "environment", selected="production")
    await ana.wait_for(lambda event: event["type"] == "message_deleted")

    assert containers[0]["is_ephemeral"]
    assert replaced["ts"] == shown["ts"]
    assert await ana.messages(DEPLOYS) == []


async def test_a_message_shortcut_carries_the_message(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    bodies: list[dict[str, Any]] = []

    @bolt.shortcut("show_log")
    async def shortcut(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        bodies.append(body)

    await connect()
    posted = await slack.chat_postMessage(channel=DEPLOYS, text="Deploy failed")
    await ana.act("shortcut", callback_id="show_log", channel=DEPLOYS, message_ts=posted["ts"])

    assert bodies[0]["type"] == "message_action"
    assert bodies[0]["message"]["text"] == "Deploy failed"


async def test_the_app_home_is_published_and_clicked(
    slack: AsyncWebClient, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    clicked: list[dict[str, Any]] = []

    @bolt.event("app_home_opened")
    async def home(client: AsyncWebClient, event: dict[str, Any]) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": GATE})

    @bolt.action("approve")
    async def approve(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        clicked.append(body)

    await connect()
    assert (await ana.act("home"))["view"] is None
    view = (await ana.wait_for(lambda event: event["type"] == "home"))["view"]
    await ana.click_view(view, "approve")

    assert clicked[0]["view"]["type"] == "home"
    assert clicked[0]["container"] == {"type": "view", "view_id": view["id"]}
    assert (await ana.look("state"))["home"]["id"] == view["id"]
