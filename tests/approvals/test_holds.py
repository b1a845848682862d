"""Locks and freezes at the desk: who takes, ends and takes over, and who is kept out."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

from storage.model.catalog import Grant
from storage.model.hold import Freeze, HoldKind
from storage.model.release import Release
from storage.model.reply import Verdict
from storage.model.request import Via
from storage.model.run import Trigger
from tests.approvals.office import ANA, BIA, LEA, RUI, Office

ACTS = ("lock", "unlock", "freeze", "unfreeze")
DEPLOY = "deploy hello@main to production"


def opened_up(office: Office) -> None:
    """Everybody may lock; Lea may take over, and go past."""
    grants = (
        Grant(who=("everyone",), may=(*ACTS, "steal"), environments=("*", "production")),
        Grant(who=("role:lead",), may=("force", "steal"), environments=("production",)),
    )
    everyone = replace(grants[0], may=ACTS)
    office.catalog = replace(office.catalog, grants=(*office.catalog.grants, everyone, grants[1]))


async def test_a_lock_keeps_everybody_out_but_its_owner(office: Office) -> None:
    opened_up(office)
    done = await office.ask(ANA, "lock hello in production for 2h because we test the queue")
    assert done.verdict is Verdict.DONE, done.text
    refused = await office.ask(BIA, DEPLOY)
    assert refused.verdict is Verdict.REFUSED
    for word in ("Ana", "until", "we test the queue"):
        assert word in refused.text
    assert (await office.ask(ANA, DEPLOY)).verdict is Verdict.STARTED
    told = (await office.ask(BIA, "lock hello in production")).text
    assert "locked already" in told
    assert told.endswith("Who may take it over (`steal`): Lea.")
    office.now += timedelta(hours=2, seconds=1)
    assert (await office.ask(BIA, DEPLOY)).verdict is Verdict.STARTED, "its time is over"


async def test_only_the_owner_unlocks_and_who_may_steal(office: Office) -> None:
    opened_up(office)
    await office.ask(ANA, "lock hello in production")
    refused = await office.ask(BIA, "unlock hello in production")
    assert refused.verdict is Verdict.REFUSED
    assert refused.text == (
        "`hello` in production is locked: by Ana, until it is lifted. "
        "You may end only your own locks. Who may take it over (`steal`): Lea."
    )
    assert (await office.ask(ANA, "unlock hello in production")).verdict is Verdict.DONE
    assert "not locked" in (await office.ask(ANA, "unlock hello in production")).text
    await office.ask(ANA, "lock hello in production")
    assert (await office.ask(LEA, "unlock hello in production because she is away")).verdict is Verdict.DONE
    (notice,) = await notices(office)
    assert "Lea ended your lock" in notice


async def test_who_unlocks_hears_what_waited_for_it_and_nothing_where_nothing_did(office: Office) -> None:
    opened_up(office)
    started = await office.ask(BIA, DEPLOY)
    await office.ask(ANA, "lock hello in production")
    hindrance = await office.store.holds.hindering("hello", "production", BIA, Trigger.DEPLOY, office.now)
    assert hindrance
    run = await office.store.runs.get(str(started.run))
    await office.store.holds.wait(run, "deploy-production", "production", hindrance)
    unlocked = await office.ask(ANA, "unlock hello in production")
    assert unlocked.text == f"`hello` in production is unlocked. 1 run waited for it and goes on: `{run.id}`."
    await office.store.holds.let_go(run.id, "deploy-production")
    await office.ask(ANA, "freeze production")
    assert (await office.ask(ANA, "unfreeze production")).text == "production is not frozen any more."
    await office.ask(ANA, "lock hello in production")
    assert (await office.ask(ANA, "unlock hello in production")).text == "`hello` in production is unlocked."


async def notices(office: Office) -> list[str]:
    """What people are told unasked, in a direct message."""
    unposted = await office.store.requests.unposted()
    return [reply.text for request, reply in unposted if request.via is Via.DIRECT and request.user == ANA]


async def test_taking_over_takes_the_right_and_tells_the_owner(office: Office) -> None:
    opened_up(office)
    await office.ask(ANA, "lock hello in production")
    assert (await office.ask(BIA, "steal hello in production because I must")).verdict is Verdict.REFUSED
    assert (await office.ask(LEA, "steal hello in production")).verdict is not Verdict.DONE
    assert (await office.ask(LEA, "steal hello in production because of the fire")).verdict is Verdict.DONE
    assert "took over your lock" in (await notices(office))[0]
    (hold,) = await office.store.holds.active()
    assert (hold.owner, hold.reason) == (LEA, "of the fire")
    assert (await office.ask(ANA, DEPLOY)).verdict is Verdict.REFUSED
    stolen = [row for row in await office.store.journal.export() if row["kind"] == "hold_stolen"]
    assert len(stolen) == 1


async def test_a_freeze_keeps_the_owner_out_too(office: Office) -> None:
    opened_up(office)
    assert (await office.ask(ANA, "freeze all for 1h because of the sale")).verdict is Verdict.DONE
    refused = await office.ask(ANA, DEPLOY)
    assert (refused.verdict, "frozen" in refused.text) == (Verdict.REFUSED, True)
    assert (await office.ask(BIA, "unfreeze production")).verdict is Verdict.REFUSED, "that is not what was frozen"
    assert (await office.ask(BIA, "unfreeze all")).verdict is Verdict.DONE
    assert (await office.ask(ANA, DEPLOY)).verdict is Verdict.STARTED


async def test_going_past_takes_the_right_and_a_reason(office: Office) -> None:
    opened_up(office)
    await office.ask(ANA, "freeze production")
    forced = "deploy! hello@main to production because checkout is down"
    assert (await office.ask(BIA, forced)).verdict is Verdict.REFUSED
    assert (await office.ask(LEA, "deploy! hello@main to production")).verdict is Verdict.ASK
    started = await office.ask(LEA, forced)
    assert started.verdict is Verdict.STARTED, started.text
    run = await office.store.runs.get(str(started.run))
    assert run.plan.force == "checkout is down"


async def test_who_may_lock_one_service_locks_no_environment(office: Office) -> None:
    one = Grant(who=(ANA,), may=ACTS, environments=("production",), services=("hello",))
    other = replace(office.catalog.services["hello"], name="vault")
    office.catalog = replace(
        office.catalog,
        services={**office.catalog.services, "vault": other},
        grants=(*office.catalog.grants, one),
    )
    assert (await office.ask(ANA, "lock hello in production")).verdict is Verdict.DONE
    for text in ("lock production", "freeze production", "freeze all", "lock vault in production"):
        refused = await office.ask(ANA, text)
        assert refused.verdict is Verdict.REFUSED
        assert refused.text.startswith(f"You may not ask for `{text}`."), "as it was said"


async def test_a_freeze_of_the_catalog_is_said_and_ends_by_itself(office: Office) -> None:
    opened_up(office)
    today = office.now.date()
    freeze = Freeze(environment="production", dates=((today, today + timedelta(days=1)),), reason="holidays")
    office.catalog = replace(office.catalog, freezes=(freeze,))
    refused = await office.ask(ANA, DEPLOY)
    assert "by the catalog" in refused.text
    assert "holidays" in refused.text
    office.catalog = replace(office.catalog, freezes=(replace(freeze, dates=((date(2020, 1, 1), date(2020, 1, 1)),)),))
    assert (await office.ask(ANA, DEPLOY)).verdict is Verdict.STARTED


async def test_after_a_rollback_the_place_stays_locked_until_somebody_unlocks(office: Office) -> None:
    opened_up(office)
    run = await office.run(RUI, replace(office.plan(), trigger=Trigger.ROLLBACK))
    release = Release(
        service="hello",
        environment="production",
        run=run.id,
        commit=office.commit,
        subject="first",
        author="a",
        image="i",
        digest="sha256:1",
        address="",
        by=RUI,
        at=office.now,
    )
    assert await office.store.releases.record(release)
    assert not await office.store.releases.record(release)
    assert len(await office.store.holds.active()) == 1
    refused = await office.ask(RUI, DEPLOY)
    assert "rolled back" in refused.text
    assert [offer.command for offer in refused.offers] == ["unlock hello in production"]
    hindered = office.store.holds.hindering("hello", "production", RUI, Trigger.ROLLBACK, office.now)
    assert await hindered is None, "further back is possible"
    assert (await office.ask(ANA, "unlock hello in production")).verdict is Verdict.DONE
    assert (await office.ask(RUI, DEPLOY)).verdict is Verdict.STARTED


async def test_of_many_at_once_one_has_the_lock_and_one_ends_it(office: Office) -> None:
    users = [f"U0{n}" for n in range(8)]
    take = office.store.holds.take
    taken = await asyncio.gather(*(take(HoldKind.LOCK, "hello", "production", user) for user in users))
    assert [each.ok for each in taken].count(True) == 1
    (hold,) = await office.store.holds.active()
    assert {each.hold.id for each in taken} == {hold.id}
    stolen = await asyncio.gather(
        *(take(HoldKind.LOCK, "hello", "production", f"V{user}", instead_of=hold.id) for user in users)
    )
    assert [each.ok for each in stolen].count(True) == 1
    (now,) = await office.store.holds.active()
    ended = await asyncio.gather(*(office.store.holds.release(one, "UX") for one in [now.id, hold.id] * 4))
    assert ended.count(True) == 1
    assert await office.store.holds.active() == []


async def test_who_did_it_is_told_only_to_who_may_look_it_up(office: Office) -> None:
    for question, needed in (("who deployed hello", "history"), ("who locked production", "status")):
        for may, verdict in ((("who",), Verdict.REFUSED), (("who", needed), Verdict.DONE)):
            grant = Grant(who=("everyone",), may=may, environments=("*", "production"))
            office.catalog = replace(office.catalog, grants=(grant,))
            assert (await office.ask(ANA, question)).verdict is verdict, (question, may)
