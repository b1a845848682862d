from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.blocks.surfaces import check_message, check_view, completed

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def rich(text: str) -> Block:
    inner = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [inner]}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def option(label: str = "One", value: str = "1") -> Block:
    return {"text": plain(label), "value": value}


def select(**more: Any) -> Block:
    return {"type": "static_select", "action_id": "s", "options": [option()], **more}


def task(name: str = "t", **more: Any) -> Block:
    return {"type": "task_card", "task_id": name, "title": "Build", "status": "pending", **more}


def plan(*tasks: Block) -> Block:
    return {"type": "plan", "title": "Deploying hello", "tasks": list(tasks)}


def table(rows: int = 1, columns: int = 1, text: str = "x") -> Block:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def confirm(**more: Any) -> Block:
    words = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
    return words | more


GOOD: dict[str, list[Block]] = {
    "section": [section("x" * 3000)],
    "fields": [{"type": "section", "fields": [plain("x" * 2000)] * 10}],
    "header": [{"type": "header", "text": plain("x" * 150)}],
    "fifty": [{"type": "divider"}] * 50,
    "plan of fifty": [plan(*(task(str(number), details=rich("x")) for number in range(50)))],
    "a lone task": [task(output=rich("done"), sources=[{"type": "url", "url": "https://a.example", "text": "log"}])],
    "table": [table(100, 20)],
    "table settings": [table() | {"column_settings": [{"align": "right"}, None, {"is_wrapped": True}]}],
    "markdown": [{"type": "markdown", "text": "x" * 12_000}],
    "buttons": [actions(*(button(action_id=str(number), value="x" * 2000) for number in range(25)))],
    "select": [actions(select(options=[option()] * 100))],
    "confirm": [actions(button(confirm=confirm(), style="danger"))],
    "context": [{"type": "context", "elements": [plain("x"), {"type": "mrkdwn", "text": "*x*"}]}],
    "accessory": [section("x") | {"accessory": button()}],
    "container": [{"type": "container", "title": plain("Log"), "child_blocks": [section("x")]}],
    "card": [{"type": "card", "title": plain("Approve?"), "actions": [button()]}],
    "preformatted": [
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "log"}], "border": 0}
            ],
        }
    ],
}

BAD: dict[str, tuple[list[Block], str]] = {
    "too many blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "long section": ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "empty section": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "hollow section": ([{"type": "section"}], "must define at least one of: text, fields [json-pointer:/blocks/0]"),
    "eleven fields": ([{"type": "section", "fields": [plain("x")] * 11}], "[json-pointer:/blocks/0/fields]"),
    "long field": ([{"type": "section", "fields": [plain("x" * 2001)]}], "[json-pointer:/blocks/0/fields/0/text]"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    "header mrkdwn": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
    "unknown block": ([{"type": "banner"}], "unsupported type: banner [json-pointer:/blocks/0/type]"),
    "no type": ([{}], "missing required field: type [json-pointer:/blocks/0]"),
    "extra field": ([section("x") | {"colour": "red"}], "invalid additional property: colour"),
    "same block_id": ([section("x") | {"block_id": "a"}] * 2, "`block_id` must be unique"),
    "long block_id": ([section("x") | {"block_id": "a" * 256}], "must be less than 256 characters"),
    "26 buttons": ([actions(*[button()] * 26)], "no more than 25 items allowed"),
    "same action_id": ([actions(button(action_id="a"), button(action_id="a"))], "`action_id` must be unique"),
    "no elements": ([actions()], "must have at least 1 item"),
    "long label": ([actions({"type": "button", "text": plain("x" * 76)})], "must be less than 76 characters"),
    "long value": ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    "default style": ([actions(button(style="default"))], "must be a valid enum value: primary, danger"),
    "wrong url": ([actions(button(url="javascript:alert(1)"))], "must be a valid URL"),
    "101 options": ([actions(select(options=[option()] * 101))], "no more than 100 items allowed"),
    "no options": ([actions({"type": "static_select"})], "must define at least one of: options, option_groups"),
    "long option": ([actions(select(options=[option("x" * 76)]))], "must be less than 76 characters"),
    "option value": ([actions(select(options=[option(value="x" * 151)]))], "must be less than 151 characters"),
    "overflow six": ([actions({"type": "overflow", "options": [option()] * 6})], "no more than 5 items allowed"),
    "external select": ([actions({"type": "external_select"})], "unsupported type: external_select"),
    "long confirm": ([actions(button(confirm=confirm(title=plain("x" * 101))))], "must be less than 101 characters"),
    "half a confirm": ([actions(button(confirm={"title": plain("x")}))], "missing required field: deny"),
    "context eleven": ([{"type": "context", "elements": [plain("x")] * 11}], "no more than 10 items allowed"),
    "button in context": ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    "51 tasks": ([plan(*(task(str(number)) for number in range(51)))], "no more than 50 items allowed"),
    "same task_id": ([plan(task("a"), task("a"))], "`task_id` must be unique"),
    "task status": ([plan(task(status="done"))], "must be a valid enum value: pending, in_progress, complete, error"),
    "task details": ([plan(task(details="text"))], "must be an object [json-pointer:/blocks/0/tasks/0/details]"),
    "untitled plan": ([{"type": "plan"}], "missing required field: title"),
    "101 rows": ([table(101)], "no more than 100 items allowed"),
    "21 cells": ([table(1, 21)], "no more than 20 items allowed"),
    "two tables": ([table(), table()], "only one table is allowed per message"),
    "wordy table": ([table(11, 1, "x" * 1000)], "cells must have less than 10001 characters"),
    "markdown": ([{"type": "markdown", "text": "x" * 6001}] * 2, "markdown blocks must have less than 12001"),
    "alert": ([{"type": "alert", "text": plain("x")}], "unsupported type: alert"),
    "rich_text part": ([{"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}], "unsupported type: text"),
    "context_actions": ([{"type": "context_actions", "elements": [button()]}], "unsupported type: button"),
    "nested container": (
        [{"type": "container", "title": plain("x"), "child_blocks": [{"type": "card", "title": plain("x")}]}],
        "unsupported type: card",
    ),
    "image": ([{"type": "image", "image_url": "https://a.example/a.png"}], "missing required field: alt_text"),
    "a string": (["section"], "must be an object"),  # type: ignore[list-item]
}


@pytest.mark.parametrize("name", GOOD)
def test_good_blocks_pass(name: str) -> None:
    assert check_message(GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_bad_blocks_are_pointed_at(name: str) -> None:
    blocks, sentence = BAD[name]

    faults = check_message(blocks)

    assert any(sentence in fault for fault in faults), faults


def modal(*blocks: Block, **more: Any) -> Block:
    return {"type": "modal", "title": plain("Deploy"), "blocks": list(blocks) or [{"type": "divider"}], **more}


ASK: Block = {
    "type": "input",
    "label": plain("Why?"),
    "element": {"type": "plain_text_input", "action_id": "why", "multiline": True},
}


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "[json-pointer:/view/submit/text]"),
        (modal(private_metadata="x" * 3001), "[json-pointer:/view/private_metadata]"),
        (modal(callback_id="x" * 256), "[json-pointer:/view/callback_id]"),
        (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed"),
        (modal(plan(task())), "unsupported type: plan"),
        (modal(ASK), "missing required field: submit"),
        ({"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}, "unsupported type: markdown"),
        ({"type": "sheet"}, "unsupported type: sheet"),
    ],
)
def test_a_bad_view_is_pointed_at(view: Block, sentence: str) -> None:
    faults = check_view(view)

    assert any(sentence in fault for fault in faults), faults


def test_a_good_view_passes() -> None:
    assert check_view(modal(ASK, {"type": "alert", "text": plain("Careful")}, submit=plain("Go"))) == []
    assert check_view({"type": "home", "blocks": [section("x")] * 100}) == []


def test_missing_ids_are_filled_in_and_given_ones_kept() -> None:
    first, second = completed([actions(button(), button(action_id="mine")), section("x") | {"block_id": "b"}])

    assert first["block_id"]
    assert first["elements"][0]["action_id"]
    assert first["elements"][1]["action_id"] == "mine"
    assert second["block_id"] == "b"


async def test_a_refused_message_says_where(slack: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refusal:
        await slack.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[section("x" * 3001)])

    answer = refusal.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_many_good_blocks_may_be_too_long_together(slack: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await slack.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[section("x" * 2900)] * 5)


async def test_blocks_can_be_validated_without_a_token(slack: AsyncWebClient) -> None:
    slack.token = None
    good = await slack.api_call("blocks.validate", json={"blocks": [section("x")]})

    assert good["ok"]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await slack.api_call("blocks.validate", json={"blocks": [{"type": "banner"}]})
