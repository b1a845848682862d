"""Every way to ask, and what is answered when something is missing, misspelt, or not allowed."""

import pytest

from tests.stories.person import Person
from tests.stories.reading import Json, buttons, key_of, words
from tests.stories.world import World


@pytest.mark.parametrize(
    ("name", "asked", "problem", "offered"),
    [
        ("siskin", "deploy siskn to homolog", "`siskn` is none that I know", "deploy siskin to homolog"),
        ("serin", "deploy serin to homolgo", "`homolgo` is none that I know", "deploy serin to homolog"),
        ("linnet", "deploy linnet@mian to homolog", "no branch, tag or commit mian", "linnet@main"),
        ("redpoll", "deploy redpoll", "I expected an environment after `redpoll`", "deploy redpoll to homolog"),
    ],
)
async def test_what_is_wrong_or_missing_is_asked_and_the_offered_button_works(
    world: World, ana: Person, name: str, asked: str, problem: str, offered: str
) -> None:
    world.errand(name, "true")
    answer = await ana.asks(asked)
    assert answer.verdict in ("ask", "refused")
    assert problem in answer.text
    assert answer.message["is_ephemeral"]
    assert offered in buttons(answer.message)
    assert not await world.facts(f"{name}-1")
    await ana.clicks(answer.message, offered)
    assert await ana.run_ends(f"{name}-1") == "succeeded"
    assert f"to homolog: run `{name}-1`" in words(await ana.sees(f"Deploying `{name}`"))


async def test_talk_is_not_a_command(world: World, ana: Person) -> None:
    for said in ("thank you all", "deploy everything\nand then some", "deploy hello to homolog && rm -rf /"):
        assert (await ana.asks(said)).verdict == "ask"


async def test_who_may_not_is_refused_by_name_of_who_may_and_it_is_on_record(
    world: World, ana: Person, eva: Person
) -> None:
    said = await eva.says("deploy hello to homolog")
    answer = await eva.answer(said["ts"])
    assert answer.verdict == "refused"
    assert "You are not listed in the catalog" in answer.text
    answer = await ana.asks("rollback hello in production")
    assert answer.verdict == "refused"
    assert "Ask Rui" in answer.text
    refused = {(row["actor"], row["data"]["text"]) for row in await world.facts() if row["kind"] == "command_refused"}
    assert {("UEVAOUT01", "deploy hello to homolog"), ("UANADEV01", "rollback hello in production")} <= refused


async def test_status_history_logs_and_help_are_answered(world: World, ana: Person) -> None:
    world.errand("dunnock", "cat", "/the test says no")
    world.service("robin")
    await ana.deploys("deploy robin to homolog")
    assert await ana.run_ends(await ana.starts("deploy dunnock to homolog")) == "failed"
    status = (await ana.asks("status robin")).text
    assert "I am robin" in status
    assert "robin-1" in status
    assert "never released" in status
    history = (await ana.asks("history dunnock")).text
    assert "dunnock-1" in history
    assert "Ana" in history
    assert "failed" in history
    logs = await ana.asks("logs dunnock")
    assert "the test says no" in logs.text
    assert "Retry from Start" in buttons(logs.message)
    assert "No run of robin has failed" in (await ana.asks("logs robin")).text
    helped = (await ana.asks("help all")).text
    assert "`deploy[!] &lt;service" in helped
    assert "`approve" not in helped
    assert "For example:" in (await ana.asks("help deploy")).text
    code, printed = await world.bot.estiva("logs", "dunnock")
    assert code == 0
    assert "the test says no" in printed


async def test_a_slash_command_is_answered_to_its_asker_only(world: World, ana: Person, bia: Person) -> None:
    world.errand("wagtail", "true")
    await ana.types("/estiva status wagtail", "#general")
    answer = await ana.sees("never released")
    assert answer["is_ephemeral"]
    await ana.types("/estiva deploy wagtail to homolog", "#general")
    assert await bia.run_ends("wagtail-1") == "succeeded"
    card = await bia.reads("wagtail-1/card")
    assert card["channel"] == "C0GENERAL"
    assert not [message for message in bia.seen.values() if "never released" in words(message)]


async def test_a_slash_command_without_words_asks_in_a_modal(world: World, ana: Person) -> None:
    world.errand("pipit", "true")
    await ana.types("/estiva deploy")
    modal = await ana.modal()
    values = {"service": {"value": "pipit"}, "ref": {"value": "two words"}, "environment": {"value": "homolog"}}
    refused = await ana.client.act("submit", view_id=modal["id"], values=values)
    assert refused["errors"] == {"ref": "One branch, tag or commit, without spaces."}
    values["ref"]["value"] = "main"
    assert (await ana.client.act("submit", view_id=modal["id"], values=values))["ok"]
    assert await ana.run_ends("pipit-1") == "succeeded"


async def test_a_direct_message_needs_no_mention(world: World, ana: Person, bia: Person) -> None:
    world.errand("finch", "true")
    run = await ana.deploys("deploy finch to homolog", "@estiva")
    assert (await ana.reads(f"{run}/card"))["channel"].startswith("D")
    assert not bia.about(run)


async def test_a_question_in_a_thread_is_answered_there(world: World, ana: Person) -> None:
    root = await ana.types("How is it going?")
    said = await ana.says("status", thread=root["ts"])
    answer = await ana.answer(said["ts"])
    assert answer.message["thread_ts"] == root["ts"]


async def test_the_shortcut_on_a_message_shows_its_failure_log(world: World, ana: Person, bia: Person) -> None:
    world.errand("crake", "false")
    run = await ana.starts("deploy crake to homolog")
    assert await ana.run_ends(run) == "failed"
    card = await bia.reads(f"{run}/card")
    place = {"channel": card["channel"], "message_ts": card["ts"]}
    assert (await bia.client.act("shortcut", callback_id="estiva_failure_log", **place))["ok"]
    answer = await bia.until(lambda: _reply_about(bia, run))
    assert "asked by Ana: failed" in words(answer)
    stray = await bia.types("just words")
    place = {"channel": stray["channel"], "message_ts": stray["ts"]}
    assert (await bia.client.act("shortcut", callback_id="estiva_failure_log", **place))["ok"]
    await bia.sees("This message is about no run.")


def _reply_about(person: Person, run: str) -> Json | None:
    replies = [m for m in person.seen.values() if key_of(m).startswith("reply/cut/") and run in words(m)]
    return replies[0] if replies else None


async def test_the_app_home_shows_what_waits_and_approves_it(world: World, ana: Person, rui: Person) -> None:
    world.service("wren")
    await ana.deploys("deploy wren to homolog")
    run = await ana.starts("deploy wren to production")
    await rui.reads(f"{run}/approval/approve-production")
    assert (await rui.client.act("home"))["ok"]
    home = await rui.until(lambda: rui.home or None)
    assert f"*{run}* para *production*, a pedido de <@UANADEV01>" in words(home)
    block, button = next(b for b in _all_buttons(home, "Aprovar") if f"approve {run}/" in b[1]["value"])
    done = await rui.client.act("click", view_id=home["id"], block_id=block, action_id=button["action_id"])
    assert done["ok"], done
    assert await ana.run_ends(run) == "succeeded"


def _all_buttons(view: Json, label: str) -> list[tuple[str, Json]]:
    return [
        (str(block["block_id"]), element)
        for block in view["blocks"]
        for element in block.get("elements", ())
        if element.get("type") == "button" and element["text"]["text"] == label
    ]


async def test_the_app_home_tells_a_stranger_nothing(world: World, eva: Person) -> None:
    assert (await eva.client.act("home"))["ok"]
    home = await eva.until(lambda: eva.home or None)
    assert words(home) == "You are not listed in this workspace's catalog. Ask its owners to add you."
