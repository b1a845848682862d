"""One message that names several services: one answer, a run for each, each of them once."""

from dataclasses import replace

from storage.model.reply import Verdict
from tests.stories.person import Person
from tests.verbs.office import EVA, RUI, Office


async def test_each_service_that_is_named_gets_its_run_and_all_stand_in_one_answer(place: Office, ana: Person) -> None:
    started = await ana.asks("please deploy hello and greeter to homolog")
    assert started.verdict == "started"
    assert "Deploying `hello` to homolog: run `hello-1`." in started.text
    assert "Deploying `greeter` to homolog: run `greeter-1`." in started.text
    assert sorted(await place.runs()) == ["greeter-1", "hello-1"]


async def test_handled_again_the_same_message_starts_nothing_more(place: Office) -> None:
    request = place.request("deploy hello, greeter to homolog")
    for _ in range(3):
        assert (await place.desk.handle(request)).verdict is Verdict.STARTED
    assert sorted(await place.runs()) == ["greeter-1", "hello-1"]
    assert (await place.desk.handle(replace(request, id="another"))).verdict is Verdict.STARTED
    assert len(await place.runs()) == 4


async def test_what_is_in_the_way_of_one_is_said_and_does_not_stop_the_others(place: Office, ana: Person) -> None:
    answer = await ana.asks("deploy hello@mian and greeter to homolog")
    assert answer.verdict == "started"
    assert "`hello`: " in answer.text
    assert "Deploying `greeter` to homolog" in answer.text
    assert await place.runs() == ["greeter-1"]


async def test_who_may_not_deploy_all_of_them_deploys_none(place: Office) -> None:
    developers = '- who: ["role:developer"]\n    '
    place.change_catalog(
        f"{developers}may: [deploy, redeploy", f"{developers}services: [hello]\n    may: [deploy, redeploy"
    )
    refused = await place.desk.handle(place.request("deploy hello and greeter to homolog"))
    assert refused.verdict is Verdict.REFUSED
    assert "greeter" in refused.text
    stranger = await place.desk.handle(place.request("deploy hello, greeter to homolog", EVA))
    assert stranger.verdict is Verdict.REFUSED
    assert await place.runs() == []
    allowed = await place.desk.handle(place.request("deploy hello and greeter to homolog", RUI))
    assert allowed.verdict is Verdict.STARTED


async def test_several_that_are_looked_at_stand_in_one_table(place: Office) -> None:
    seen = await place.desk.handle(place.request("status of hello and greeter"))
    assert seen.text == "What runs where:"
    assert seen.table is not None
    assert [row[0] for row in seen.table.rows] == ["hello", "hello", "greeter", "greeter"]


async def test_several_are_locked_by_one_message(place: Office) -> None:
    locked = await place.desk.handle(place.request("lock hello and greeter in homolog 2h because tests", RUI))
    assert locked.verdict is Verdict.DONE
    holds = await place.store.holds.active()
    assert sorted((hold.service or "", hold.reason, hold.expires_at is not None) for hold in holds) == [
        ("greeter", "tests", True),
        ("hello", "tests", True),
    ]
