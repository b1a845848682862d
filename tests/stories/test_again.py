"""A run that did not succeed is done again by its cards: what failed, all of the stage, or from any stage on."""

import json
from collections.abc import Mapping
from typing import Any

from tests.stories.person import Person
from tests.stories.reading import Json, buttons, choices, words
from tests.stories.world import World


def _errand(world: World, name: str) -> None:
    """A service whose pipeline prepares, waits for somebody, and then fails in one of its two checks."""
    run = {"uses": "command", "with": {"image": "estiva/busybox:base", "run": ["true"]}}
    fails = {"uses": "command", "with": {"image": "estiva/busybox:base", "run": ["false"]}}
    stages = [
        {"stage": "prepare", "environment": "homolog", "actions": [{"name": "tools", **run}]},
        {
            "stage": "check",
            "environment": "homolog",
            "pause": True,
            "actions": [{"name": "unit", **run}, {"name": "smoke", **fails}],
        },
        {"stage": "after", "environment": "homolog", "actions": [{"name": "tidy", **run}]},
    ]
    world.service(name, pipeline=stages)


async def _failed(person: Person, asked: str) -> Json:
    """See a run through to its failure; gives what was said about that."""
    run = await person.starts(asked)
    await _resumed(person, run)
    assert await person.run_ends(run) == "failed"
    return await person.reads(f"{run}/failure/check/smoke")


async def _resumed(person: Person, run: str) -> None:
    await person.clicks(await person.reads(f"{run}/card", "Paused before check", 60), "Resume")


async def _begun(world: World, run: str) -> list[str]:
    rows = [row for row in await world.facts(run) if row["kind"] == "action_started"]
    return [f"{row['data']['stage']}/{row['data']['action']}" for row in rows]


async def test_what_failed_is_tried_again_by_a_choice_and_nothing_else(world: World, ana: Person) -> None:
    _errand(world, "skua")
    failure = await _failed(ana, "deploy skua to homolog")
    assert list(buttons(failure)) == ["Retry from Start", "Full Log"]
    assert list(choices(failure)) == [
        "Retry what did not succeed in check",
        "Retry all of check",
        "Rerun from a stage…",
    ]
    await ana.chooses(failure, "Retry what did not succeed in check")
    await ana.sees("Trying `skua-1` again: run `skua-2`")
    await _resumed(ana, "skua-2")
    assert await ana.run_ends("skua-2") == "failed"
    assert [name for name in await _begun(world, "skua-2") if "source" not in name] == ["check/smoke"]
    assert list(choices(await ana.reads("skua-2/card"))) == [*choices(failure), "Full Log"]
    after = await ana.until(lambda: _with_both(ana, "skua-1/failure/check/smoke", "|skua-2>", "Retry all of check"))
    await ana.chooses(after, "Retry all of check")
    await ana.sees("Trying `skua-1` again: run `skua-3`")
    await _resumed(ana, "skua-3")
    assert await ana.run_ends("skua-3") == "failed"
    assert {"check/unit", "check/smoke"} <= set(await _begun(world, "skua-3"))


def _with_both(person: Person, key: str, *parts: str) -> Json | None:
    message = person.there(key)
    return message if message and all(part in words(message) for part in parts) else None


async def test_a_run_is_done_again_from_the_stage_that_a_form_asks_for(world: World, ana: Person) -> None:
    _errand(world, "gannet")
    failure = await _failed(ana, "deploy gannet to homolog")
    await ana.chooses(failure, "Rerun from a stage…")
    form = await ana.modal()
    assert _offered(form) == (["prepare", "check"], "check")
    assert await _sent(ana, form, "prepare") == {}
    answer = await ana.sees("Doing `gannet-1` again from `prepare`: run `gannet-2`")
    assert answer["thread_ts"] == failure["thread_ts"]
    await ana.reads("gannet-2/card", "Paused before check", 60)
    assert "prepare/tools" in await _begun(world, "gannet-2")


async def test_who_may_not_is_refused_where_it_was_asked_and_on_record(world: World, ana: Person, eva: Person) -> None:
    _errand(world, "dunlin")
    failure = await _failed(ana, "deploy dunlin to homolog")
    for label in ("Retry what did not succeed in check", "Retry all of check"):
        before = len(_private(eva))
        await eva.chooses(failure, label)
        told = await eva.until(lambda at=before: _private(eva)[at:])  # type: ignore[misc]
        assert "You are not listed in the catalog" in words(told[0])
    await eva.chooses(failure, "Rerun from a stage…")
    refused = await _sent(eva, await eva.modal(), "check")
    assert "You are not listed in the catalog" in refused["stage"]
    assert [row["data"]["text"] for row in await world.facts() if _is_refusal(row, "dunlin")] == [
        "retry dunlin-1 failed stage check",
        "retry dunlin-1 all stage check",
        "rerun dunlin-1 from check",
    ]
    assert eva.there("dunlin-2/card") is None


async def test_a_menu_that_is_out_of_date_says_what_happened_meanwhile(world: World, ana: Person, bia: Person) -> None:
    _errand(world, "avocet")
    failure = await _failed(ana, "deploy avocet to homolog")
    await ana.chooses(failure, "Rerun from a stage…")
    form = await ana.modal()
    await bia.chooses(failure, "Retry what did not succeed in check")
    await ana.reads("avocet-2/card", "Paused before check", 60)
    refused = await _sent(ana, form, "check")
    assert refused == {"stage": "Run `avocet-2` is doing `avocet-1` again already."}
    told = await ana.reads("avocet-1/failure/check/smoke", "Tried again as <")
    assert (list(buttons(told)), choices(told)) == (["Full Log"], {})
    await ana.says("retry avocet-1 all stage check")
    await ana.sees("Run `avocet-2` is doing `avocet-1` again already.")
    assert ana.there("avocet-3/card") is None


def _offered(form: Json) -> tuple[list[str], str]:
    element = next(block["element"] for block in form["blocks"] if block["block_id"] == "stage")
    return [option["value"] for option in element["options"]], element["initial_option"]["value"]


async def _sent(person: Person, form: Json, stage: str) -> dict[str, Any]:
    """Send the form; gives what is wrong with it, by input."""
    values: Mapping[str, Any] = {"stage": {"value": stage}}
    return dict((await person.client.act("submit", view_id=form["id"], values=values)).get("errors") or {})


def _private(person: Person) -> list[Json]:
    return [message for message in person.seen.values() if message.get("is_ephemeral")]


def _is_refusal(row: Json, service: str) -> bool:
    return row["kind"] == "command_refused" and service in json.dumps(row["data"])
