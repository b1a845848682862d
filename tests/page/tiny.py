"""A small bolt app, on Socket Mode, that uses every corner of the page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.manifest import Command, Manifest, Shortcut
from bot.workspace.server import LocalWorkspace

Json = dict[str, Any]
Ack = Callable[..., Awaitable[None]]

MANIFEST = Manifest(
    commands=(Command(command="/estiva", description="Ship from chat", usage_hint="deploy hello to homolog"),),
    shortcuts=(Shortcut(callback_id="explain", name="Explain This"),),
)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(action: str, label: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action, "text": plain(label), **more}


SURE = {"title": plain("Sure?"), "text": plain("To everybody."), "confirm": plain("Yes"), "deny": plain("No")}
CHOICES = [{"text": plain(name), "value": name} for name in ("homolog", "production")]

GATE: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Approve *hello* to production?"}},
    {
        "type": "actions",
        "block_id": "gate",
        "elements": [
            button(
                "approve",
                "Approve",
                value="12",
                style="primary",
                confirm=SURE,
            ),
            button("form", "Explain Why"),
            button("silent", "Break"),
        ],
    },
]

FORM: Json = {
    "type": "modal",
    "callback_id": "why",
    "title": plain("Why now?"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "reason"},
        },
        {
            "type": "input",
            "block_id": "where",
            "optional": True,
            "label": plain("Where"),
            "element": {"type": "static_select", "action_id": "where", "options": CHOICES},
        },
        {"type": "actions", "block_id": "draft", "elements": [button("template", "Use Template", confirm=SURE)]},
    ],
}


def plan(*states: str) -> list[Json]:
    tasks = [
        {"type": "task_card", "task_id": f"t{at}", "title": f"Step {at}", "status": state}
        for at, state in enumerate(states)
    ]
    return [{"type": "plan", "title": "Deploying hello", "tasks": tasks}]


def tiny(workspace: LocalWorkspace) -> AsyncApp:  # noqa: C901 - a list of listeners, each of them small
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)
    app = AsyncApp(client=client, signing_secret=workspace.signing_secret, process_before_response=False)

    @app.event("app_mention")
    async def mentioned(event: Json, client: AsyncWebClient) -> None:
        text, where = event["text"], {"channel": event["channel"]}
        if "gate" in text:
            await client.chat_postMessage(**where, text="Approve?", blocks=GATE)
        elif "plan" in text:
            posted = await client.chat_postMessage(**where, text="Deploying", blocks=plan("in_progress", "pending"))
            await client.chat_postMessage(**where, text="details", thread_ts=posted["ts"])
        elif "log" in text:
            await client.files_upload_v2(
                channel=event["channel"], content="line one\nline two\n", filename="run.log", title="run.log"
            )
        elif "whisper" in text:
            await client.chat_postEphemeral(**where, user=event["user"], text="a secret")
        else:
            await client.chat_postMessage(**where, text=f"You said: {text.split('> ', 1)[-1]}")

    @app.event("message")
    async def direct(event: Json, client: AsyncWebClient) -> None:
        if not event.get("bot_id"):
            await client.chat_postMessage(channel=event["channel"], text="Hello in private")

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        blocks = [{"type": "header", "text": plain("Your runs")}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.action("approve")
    async def approved(ack: Ack, body: Json, client: AsyncWebClient) -> None:
        await ack()
        text = f"Approved by <@{body['user']['id']}>"
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=blocks)

    @app.action("form")
    async def asked(ack: Ack, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.action("silent")
    async def silent() -> None:
        return

    @app.action("template")
    async def templated(ack: Ack, body: Json, client: AsyncWebClient) -> None:
        await ack()
        added = {"type": "section", "text": {"type": "mrkdwn", "text": "*Template* used"}}
        view = {**FORM, "blocks": [*FORM["blocks"], added]}
        await client.views_update(view_id=body["view"]["id"], view=view)

    @app.view("why")
    async def explained(ack: Ack, body: Json, view: Json, client: AsyncWebClient) -> None:
        reason = view["state"]["values"]["reason"]["reason"]["value"]
        if len(reason) < 4:
            await ack(response_action="errors", errors={"reason": "A little longer, please"})
            return
        await ack()
        await client.chat_postMessage(channel="C0DEPLOYS", text=f"Because: {reason}")

    @app.shortcut("explain")
    async def explain(ack: Ack, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(
            channel=body["channel"]["id"], thread_ts=body["message"]["ts"], text="It means what it says"
        )

    @app.command("/estiva")
    async def commanded(ack: Ack, body: Json) -> None:
        if body["text"] != "fail":
            await ack(f"Status: all is well, {body['text']}")

    return app


@asynccontextmanager
async def connected(workspace: LocalWorkspace) -> AsyncIterator[AsyncApp]:
    app = tiny(workspace)
    handler = AsyncSocketModeHandler(app, workspace.app_token, web_client=app.client)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
