"""One afternoon in #deploys as the act API tells it: what the screenshots and the drawing tests look at."""

from typing import Any

Json = dict[str, Any]

ANA, RUI, EVA, BIA, BOT = "UANADEV01", "URUIREL01", "UEVAOUT01", "UBIADEV02", "UESTIVA01"
START = 1_764_000_000


def person(ident: str, handle: str, name: str, title: str, color: str, *, bot: bool = False) -> Json:
    return {
        "id": ident,
        "handle": handle,
        "name": name,
        "title": title,
        "locale": "en-US",
        "is_bot": bot,
        "color": color,
    }


PEOPLE = [
    person(ANA, "dev", "Ana", "Developer", "2b6cb0"),
    person(RUI, "release", "Rui", "Release manager", "6b46c1"),
    person(EVA, "outsider", "Eva", "Outsider", "9b2c2c"),
    person(BIA, "dev2", "Bia", "Developer", "2f6f4f"),
    person(BOT, "estiva", "Estiva", "App", "0f4c5c", bot=True),
]
BY_ID = {each["id"]: each for each in PEOPLE}


def channel(ident: str, name: str, kind: str, topic: str, unread: int = 0, mentions: int = 0) -> Json:
    read = f"{START + 300}.000100"
    return {
        "id": ident,
        "name": name,
        "kind": kind,
        "topic": topic,
        "members": [ANA, RUI, BOT],
        "unread": unread,
        "mentions": mentions,
        "last_read": read,
        "latest": read,
    }


STATE: Json = {
    "ok": True,
    "event_id": 412,
    "started": "a1b2c3",
    "team": {"id": "T0ESTIVA1", "name": "Estiva", "domain": "estiva-local"},
    "me": PEOPLE[0],
    "people": PEOPLE,
    "bot": {
        "user_id": BOT,
        "bot_id": "B1",
        "app_id": "A1",
        "name": "Estiva",
        "mode": "socket",
        "connected": True,
        "connections": 1,
    },
    "channels": [
        channel("C0DEPLOYS", "deploys", "channel", "What goes out, and when", 2),
        channel("C0GENERAL", "general", "channel", "Everybody", 3),
        channel("C0RANDOM1", "random", "channel", ""),
        channel("D0UANADEV01", "estiva", "im", "", 1, 1),
    ],
    "commands": [
        {"command": "/estiva", "description": "Deploy, promote, roll back", "usage_hint": "deploy hello to homolog"}
    ],
    "shortcuts": [
        {"callback_id": "show_log", "type": "message", "name": "Show Failure Log", "description": "The whole log"}
    ],
    "views": [],
    "home": None,
}


def message(seconds: int, author: str, text: str = "", blocks: list[Json] | None = None, **more: Any) -> Json:
    given = {"type": "message", "ts": f"{START + seconds}.000100", "channel": "C0DEPLOYS", "user": author, "text": text}
    return {**given, **({"blocks": blocks} if blocks else {}), "author": BY_ID[author], **more}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def words(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def task(ident: str, title: str, status: str, **more: Any) -> Json:
    return {"type": "task_card", "task_id": ident, "title": title, "status": status, **more}


RUN: Json = {
    "type": "plan",
    "block_id": "run-12",
    "title": "Deploying hello to homolog · run 12",
    "tasks": [
        task(
            "source",
            "Fetched hello at main",
            "complete",
            details=rich(words("Commit "), words("4f2c91a", code=True), words(" by Ana")),
        ),
        task("test", "Ran the tests", "complete", output=rich(words("214 passed, 3 skipped in 41 s"))),
        task(
            "build",
            "Built the image",
            "complete",
            output=rich(words("sha256:9c1f0e72b1", code=True), words(", 84.1 MB")),
            sources=[{"type": "url", "url": "https://registry.example.com/hello", "text": "hello in the registry"}],
        ),
        task("push", "Pushed the image", "complete"),
        task(
            "deploy",
            "Deploying to homolog",
            "in_progress",
            details=rich(words("New container is up, waiting for "), words("/health", code=True), words(" (2 of 3)")),
        ),
        task("switch", "Switch the traffic", "pending"),
        task("probe", "Probe the front door", "pending"),
    ],
}

LOG = """FAILED tests/test_orders.py::test_total_with_discount - AssertionError: assert 89.9 == 90.0
  + where 89.9 = Order(items=[Item(price=99.9)], discount=10).total()
=================== 1 failed, 213 passed, 3 skipped in 40.82s ==================="""

FAILURE: list[Json] = [
    {"type": "header", "text": {"type": "plain_text", "text": "orders: tests failed"}},
    {
        "type": "section",
        "text": {
            "type": "mrkdwn",
            "text": f"<@{ANA}> run *11* stopped at *Run the tests* (exit code `1`). Homolog keeps what it has.",
        },
    },
    {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [words(LOG)]}]},
    {
        "type": "context",
        "elements": [
            {"type": "mrkdwn", "text": "Likely cause: a rounding difference in `Order.total` · commit `b77e01d`"}
        ],
    },
    {
        "type": "actions",
        "block_id": "after-11",
        "elements": [
            {
                "type": "button",
                "action_id": "retry",
                "value": "11",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Retry"},
            },
            {
                "type": "button",
                "action_id": "log",
                "value": "11",
                "text": {"type": "plain_text", "text": "Show Whole Log"},
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [
                    {"text": {"type": "plain_text", "text": "Diagnose"}, "value": "diagnose"},
                    {"text": {"type": "plain_text", "text": "Who changed this?"}, "value": "blame"},
                ],
            },
        ],
    },
]

APPROVAL: list[Json] = [
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": f"*Approve hello to production?* Asked by <@{BIA}>, two approvals needed."},
    },
    {
        "type": "section",
        "fields": [
            {"type": "mrkdwn", "text": "*Service*\nhello"},
            {"type": "mrkdwn", "text": "*Environment*\nproduction"},
            {"type": "mrkdwn", "text": "*Commit*\n`4f2c91a` Faster start page"},
            {"type": "mrkdwn", "text": "*Digest*\n`sha256:9c1f0e72b1`"},
            {"type": "mrkdwn", "text": "*Running in homolog*\nsince 14:02, 38 minutes"},
            {
                "type": "mrkdwn",
                "text": f"*Expires*\n<!date^{START + 90000}^{{date_short_pretty}} at {{time}}|tomorrow>",
            },
        ],
    },
    {
        "type": "actions",
        "block_id": "gate-12",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "value": "12",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Approve"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Release to production?"},
                    "text": {"type": "mrkdwn", "text": "*hello* `4f2c91a` replaces `a01be44` for everybody."},
                    "confirm": {"type": "plain_text", "text": "Approve"},
                    "deny": {"type": "plain_text", "text": "Not Yet"},
                },
            },
            {"type": "button", "action_id": "reject", "value": "12", "text": {"type": "plain_text", "text": "Reject"}},
        ],
    },
    {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": f":hourglass_flowing_sand: 1 of 2 approvals: <@{RUI}>"}],
    },
]


def row(*cells: str) -> list[Json]:
    return [{"type": "raw_text", "text": cell} for cell in cells]


TABLE: Json = {
    "type": "table",
    "column_settings": [None, None, None, {"align": "right"}],
    "rows": [
        row("Service", "Homolog", "Production", "Since"),
        row("hello", "4f2c91a", "a01be44", "2 days"),
        row("orders", "91be0c2", "91be0c2", "5 hours"),
        row("invoices", "none", "77ac310", "3 weeks"),
    ],
}

FILE = {
    "id": "F1",
    "name": "run-11-tests.log",
    "title": "run-11-tests.log",
    "mimetype": "text/plain",
    "filetype": "text",
    "size": 48213,
    "user": BOT,
    "url_private": "http://127.0.0.1:8900/files/F1/run-11-tests.log",
    "url_private_download": "http://127.0.0.1:8900/files/F1/run-11-tests.log?download=1",
    "preview": LOG,
    "lines": 614,
}

MESSAGES = [
    message(
        -80000,
        BIA,
        "Morning! I will promote *hello* after lunch if homolog looks fine :sunglasses:",
        reactions=[{"name": "+1", "users": [ANA, RUI], "count": 2}],
    ),
    message(0, ANA, f"<@{BOT}> deploy orders to homolog"),
    message(
        4,
        BOT,
        "orders: tests failed",
        FAILURE,
        thread_ts=f"{START + 4}.000100",
        reply_count=3,
        reply_users=[BOT, ANA],
        latest_reply=f"{START + 250}.000100",
    ),
    message(310, BIA, f"<@{BOT}> deploy hello to homolog"),
    message(312, BIA, "and then production, see <https://example.com/pull/42|the pull request>"),
    message(
        314,
        BOT,
        "Deploying hello to homolog",
        [
            RUN,
            {
                "type": "context",
                "elements": [
                    {"type": "mrkdwn", "text": f"Asked by <@{BIA}> · run 12 · <https://example.com/compare|7 commits>"}
                ],
            },
        ],
        edited={"user": "B1", "ts": "1"},
    ),
    message(
        320,
        BOT,
        "Only for you",
        [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "You are next in the queue for *homolog*: run 13 waits for run 12."},
            }
        ],
        is_ephemeral=True,
    ),
    message(900, BOT, "Approve?", APPROVAL),
    message(960, RUI, f"<@{ANA}> can you have a look as well? :eyes:"),
    message(1000, BOT, "Status", [{"type": "section", "text": {"type": "mrkdwn", "text": "*Who runs where*"}}, TABLE]),
]

THREAD = [
    MESSAGES[2],
    message(6, BOT, "The log of run 11", files=[FILE], thread_ts=MESSAGES[2]["ts"]),
    message(
        240,
        ANA,
        "That is the rounding change of yesterday. Fix is on its way:\n```\nreturn round(total, 2)\n```",
        thread_ts=MESSAGES[2]["ts"],
    ),
    message(250, ANA, "> homolog keeps what it has\nGood.", thread_ts=MESSAGES[2]["ts"]),
]

MODAL: Json = {
    "id": "V1",
    "type": "modal",
    "callback_id": "deploy",
    "title": {"type": "plain_text", "text": "Deploy a service"},
    "submit": {"type": "plain_text", "text": "Deploy"},
    "close": {"type": "plain_text", "text": "Cancel"},
    "blocks": [
        {
            "type": "input",
            "block_id": "service",
            "label": {"type": "plain_text", "text": "Service"},
            "element": {
                "type": "static_select",
                "action_id": "service",
                "options": [
                    {"text": {"type": "plain_text", "text": name}, "value": name} for name in ("hello", "orders")
                ],
            },
        },
        {
            "type": "input",
            "block_id": "env",
            "label": {"type": "plain_text", "text": "Environment"},
            "element": {
                "type": "radio_buttons",
                "action_id": "env",
                "options": [
                    {"text": {"type": "plain_text", "text": name}, "value": name} for name in ("homolog", "production")
                ],
            },
        },
        {
            "type": "input",
            "block_id": "why",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "hint": {"type": "plain_text", "text": "Shown to those who approve."},
            "element": {
                "type": "plain_text_input",
                "action_id": "why",
                "multiline": True,
                "placeholder": {"type": "plain_text", "text": "Why now?"},
            },
        },
        {
            "type": "alert",
            "level": "warning",
            "text": {"type": "mrkdwn", "text": "Production asks for *two* approvals."},
        },
    ],
}

HOME: Json = {
    "id": "V2",
    "type": "home",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "Good afternoon, Ana"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "One run is going, one approval waits for you."},
            "accessory": {
                "type": "button",
                "action_id": "new",
                "style": "primary",
                "text": {"type": "plain_text", "text": "Deploy"},
            },
        },
        {"type": "divider"},
        RUN,
        TABLE,
        {
            "type": "markdown",
            "text": "## Release notes\n- faster **start page**\n- see [the plan](https://example.com)\n\n"
            "| a | b |\n|---|---|\n| 1 | 2 |",
        },
    ],
}
