from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient

DEPLOYS = "C0DEPLOYS"
SECTION: dict[str, Any] = {"type": "section", "text": {"type": "mrkdwn", "text": "*one*"}}


async def test_an_update_without_blocks_keeps_the_blocks(slack: AsyncWebClient) -> None:
    posted = await slack.chat_postMessage(channel=DEPLOYS, text="one", blocks=[SECTION])

    updated = await slack.chat_update(channel=DEPLOYS, ts=posted["ts"], text="two")

    assert updated["message"]["text"] == "two"
    assert updated["message"]["blocks"][0]["text"]["text"] == "*one*"
    assert updated["message"]["edited"]["user"] == "BESTIVA01"


async def test_an_update_with_empty_blocks_takes_them_away(slack: AsyncWebClient) -> None:
    posted = await slack.chat_postMessage(channel=DEPLOYS, text="one", blocks=[SECTION])

    updated = await slack.chat_update(channel=DEPLOYS, ts=posted["ts"], text="two", blocks=[])

    assert "blocks" not in updated["message"]


async def test_the_same_client_msg_id_posts_once(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    first = await slack.chat_postMessage(channel=DEPLOYS, text="once", client_msg_id="11-22")
    second = await slack.chat_postMessage(channel=DEPLOYS, text="once", client_msg_id="11-22")
    elsewhere = await slack.chat_postMessage(channel="C0GENERAL", text="once", client_msg_id="11-22")

    assert first["ts"] == second["ts"] != elsewhere["ts"]
    assert len(await ana.messages(DEPLOYS)) == 1


async def test_timestamps_are_unique_and_grow(slack: AsyncWebClient) -> None:
    stamps = [(await slack.chat_postMessage(channel=DEPLOYS, text=str(number)))["ts"] for number in range(20)]

    assert stamps == sorted(set(stamps))


async def test_metadata_comes_back_only_when_asked(slack: AsyncWebClient) -> None:
    metadata = {"event_type": "run", "event_payload": {"run": 7}}
    await slack.chat_postMessage(channel=DEPLOYS, text="with metadata", metadata=metadata)

    plain = await slack.conversations_history(channel=DEPLOYS)
    full = await slack.conversations_history(channel=DEPLOYS, include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_a_reply_to_a_reply_joins_the_thread(slack: AsyncWebClient) -> None:
    root = await slack.chat_postMessage(channel=DEPLOYS, text="root")
    reply = await slack.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=root["ts"])
    await slack.chat_postMessage(channel=DEPLOYS, text="deeper", thread_ts=reply["ts"])

    thread = await slack.conversations_replies(channel=DEPLOYS, ts=root["ts"])
    channel = await slack.conversations_history(channel=DEPLOYS)

    assert [message["text"] for message in thread["messages"]] == ["root", "reply", "deeper"]
    assert thread["messages"][0]["reply_count"] == 2
    assert [message["text"] for message in channel["messages"]] == ["root"]


async def test_an_ephemeral_is_seen_by_one_and_kept_nowhere(
    slack: AsyncWebClient, ana: WorkspaceClient, rui: WorkspaceClient
) -> None:
    shown = await slack.chat_postEphemeral(channel=DEPLOYS, user="UANADEV01", text="only you")

    assert [message["text"] for message in await ana.messages(DEPLOYS)] == ["only you"]
    assert await rui.messages(DEPLOYS) == []
    assert (await slack.conversations_history(channel=DEPLOYS))["messages"] == []
    with pytest.raises(SlackApiError, match="message_not_found"):
        await slack.chat_update(channel=DEPLOYS, ts=shown["message_ts"], text="no")


async def test_a_deleted_message_is_gone_and_its_thread_counts_less(slack: AsyncWebClient) -> None:
    root = await slack.chat_postMessage(channel=DEPLOYS, text="root")
    reply = await slack.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=root["ts"])

    await slack.chat_delete(channel=DEPLOYS, ts=reply["ts"])

    thread = await slack.conversations_replies(channel=DEPLOYS, ts=root["ts"])
    assert len(thread["messages"]) == 1
    assert "reply_count" not in thread["messages"][0]


async def test_a_permalink_leads_to_the_thread(slack: AsyncWebClient) -> None:
    root = await slack.chat_postMessage(channel=DEPLOYS, text="root")
    reply = await slack.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=root["ts"])

    link = await slack.chat_getPermalink(channel=DEPLOYS, message_ts=reply["ts"])

    wanted = f"/archives/{DEPLOYS}/p{reply['ts'].replace('.', '')}?thread_ts={root['ts']}&cid={DEPLOYS}"
    assert link["permalink"].endswith(wanted)


async def test_history_comes_in_pages_newest_first(slack: AsyncWebClient) -> None:
    for number in range(5):
        await slack.chat_postMessage(channel=DEPLOYS, text=str(number))

    first = await slack.conversations_history(channel=DEPLOYS, limit=3)
    second = await slack.conversations_history(
        channel=DEPLOYS, limit=3, cursor=first["response_metadata"]["next_cursor"]
    )

    assert [message["text"] for message in first["messages"]] == ["4", "3", "2"]
    assert [message["text"] for message in second["messages"]] == ["1", "0"]
    assert not second["has_more"]


async def test_a_person_s_id_as_channel_is_the_direct_message(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    opened = await slack.conversations_open(users="UANADEV01")
    posted = await slack.chat_postMessage(channel="UANADEV01", text="psst")

    assert posted["channel"] == opened["channel"]["id"]
    assert [message["text"] for message in await ana.messages("@estiva")] == ["psst"]


async def test_reactions_are_counted_and_refused_twice(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    said = await ana.say(DEPLOYS, "hello")
    await slack.reactions_add(channel=DEPLOYS, timestamp=said["ts"], name="eyes")
    await ana.act("react", channel=DEPLOYS, message_ts=said["ts"], name="eyes")

    with pytest.raises(SlackApiError, match="already_reacted"):
        await slack.reactions_add(channel=DEPLOYS, timestamp=said["ts"], name="eyes")
    found = await slack.reactions_get(channel=DEPLOYS, timestamp=said["ts"])
    assert found["message"]["reactions"] == [{"name": "eyes", "users": ["UESTIVA01", "UANADEV01"], "count": 2}]
    await slack.reactions_remove(channel=DEPLOYS, timestamp=said["ts"], name="eyes")
    with pytest.raises(SlackApiError, match="no_reaction"):
        await slack.reactions_remove(channel=DEPLOYS, timestamp=said["ts"], name="eyes")


async def test_people_and_groups_are_known(slack: AsyncWebClient) -> None:
    ana = await slack.users_info(user="UANADEV01", include_locale=True)
    found = await slack.users_lookupByEmail(email="release@estiva.example")
    groups = await slack.usergroups_list(include_users=True)
    members = await slack.usergroups_users_list(usergroup="S0RELEASE")
    everybody = await slack.users_list()
    me = await slack.auth_test()

    assert ana["user"]["locale"] == "en-US"
    assert found["user"]["id"] == "URUIREL01"
    assert groups["usergroups"][0]["users"] == members["users"] == ["URUIREL01"]
    assert len(everybody["members"]) == 5
    assert (me["user_id"], me["bot_id"], me["team_id"]) == ("UESTIVA01", "BESTIVA01", "T0ESTIVA1")


async def test_channels_are_listed_with_their_members(slack: AsyncWebClient) -> None:
    public = await slack.conversations_list()
    direct = await slack.conversations_list(types="im")
    members = await slack.conversations_members(channel="C0RANDOM1")
    info = await slack.conversations_info(channel=DEPLOYS)

    assert [channel["name"] for channel in public["channels"]] == ["deploys", "general", "random"]
    assert len(direct["channels"]) == 4
    assert "UESTIVA01" not in members["members"]
    assert info["channel"]["is_member"]
