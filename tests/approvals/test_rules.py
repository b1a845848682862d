"""Who may approve, how many, for how long, and what happens while nobody does."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from commands.approvers import approvers_of
from runners.consent import Unapproved, check_consent
from storage.model.approval import Decision, subject_of
from storage.model.artifact import changes
from storage.model.catalog import Grant
from storage.model.event import Kind
from storage.model.fold import fold
from storage.model.reply import Verdict
from storage.model.request import Via
from tests.approvals.office import ANA, BIA, DEPLOY, EVA, GUS, LEA, RELEASERS, RUI, SECRET, Office

HOUR = timedelta(hours=1)


async def test_two_of_a_role_or_a_group_open_the_gate(office: Office) -> None:
    office.rule(2, of=("role:manager", f"group:{RELEASERS}"))
    question = await office.question()
    for user in (ANA, LEA, EVA):
        assert (await office.ask(user, f"approve {question.run}")).verdict is Verdict.REFUSED
    assert "1 of 2" in (await office.ask(BIA, f"approve {question.run}")).text
    assert "already approved" in (await office.ask(BIA, f"approve {question.run}")).text
    assert (await office.ask(GUS, f"approve {question.run}")).verdict is Verdict.DONE
    assert (await office.now_is(question)).given_by == (BIA, GUS)
    assert (await office.now_is(question)).decision is Decision.APPROVED
    denied = await office.told(question, Kind.APPROVAL_DENIED)
    assert [(e.actor, e.data["reason"]) for e in denied] == [
        (ANA, "no_grant"),
        (LEA, "not_asked"),
        (EVA, "unknown_person"),
    ]


async def test_nobody_approves_their_own_release_with_another_account(office: Office) -> None:
    for requester, approver in ((RUI, "URUI2"), ("URUI2", RUI)):
        question = await office.question(requester)
        refused = await office.ask(approver, f"approve {question.id}")
        assert "somebody else must approve" in refused.text
        await office.ask(requester, f"reject {question.id}")


async def test_two_accounts_of_one_person_are_one_person(office: Office) -> None:
    office.rule(2)
    question = await office.question()
    await office.ask(RUI, f"approve {question.id}")
    assert "already approved" in (await office.ask("URUI2", f"approve {question.id}")).text


async def test_too_few_to_approve_are_told_of_before_anybody_waits(office: Office) -> None:
    async def said(needed: int, user: str = ANA, asked_by: str = "", **rule: object) -> str:
        office.rule(needed, **rule)
        question = await office.question(user)
        view = fold(*await office.store.runs.told(question.run))
        stages = tuple(replace(stage, asked_by=asked_by) for stage in view.stages)
        told = await approvers_of(office.catalog, office.slack.directory, replace(view, stages=stages))
        await office.ask(BIA, f"reject {question.id}")
        return told.lacking.partition(" may approve this")[0]

    assert await said(4) == ""  # Bia, Rui, Lea, and Gus of the group
    assert await said(5) == "Fewer people than needed"
    assert await said(1, LEA, of=("role:lead",)) == "Nobody else"
    assert await said(1, LEA, of=("role:lead",), escalate_after=100, escalate_to=("role:manager",)) == ""
    assert await said(2, of=("role:lead",)) == "Fewer people than needed"
    assert await said(2, asked_by="deploy/shift", of=("role:lead",)) == ""  # who answers in AWS has answered
    office.directory_forgets()
    await office.slack.control("switch", failing={"usergroups.users.list": 1})
    assert await said(5) == ""  # who is in the group is not known just now


async def test_who_wrote_a_commit_does_not_approve_it(office: Office) -> None:
    author = await _author(office)
    bia = replace(office.catalog.people[BIA], emails=("other@example.com", author.upper()))
    office.catalog = replace(office.catalog, people={**office.catalog.people, BIA: bia})
    office.rule(1, without_authors=True)
    question = await office.question()
    assert "You wrote one of these commits" in (await office.ask(BIA, f"approve {question.id}")).text
    assert "not in the catalog" in (await office.ask(GUS, f"approve {question.id}")).text
    assert (await office.ask(RUI, f"approve {question.id}")).verdict is Verdict.DONE


async def _author(office: Office) -> str:
    found = await office.desk.mirrors.authors_between(office.catalog.services["hello"], "", office.commit)
    assert found
    return next(iter(found))


async def test_without_the_repository_nobody_can_be_told_from_an_author(office: Office) -> None:
    office.rule(1, without_authors=True)
    plan = office.plan()
    unknown = replace(plan, artifacts={**plan.artifacts, "commit": "0" * 40})
    question = await office.gate(await office.run(plan=unknown))
    assert "cannot be told" in (await office.ask(RUI, f"approve {question.id}")).text
    assert (await office.now_is(question)).decision is Decision.PENDING


async def test_a_yes_may_be_taken_back_while_it_is_not_enough(office: Office) -> None:
    office.rule(2)
    question = await office.question()
    assert (await office.ask(BIA, f"withdraw {question.id}")).verdict is Verdict.REFUSED
    await office.ask(BIA, f"approve {question.id}")
    assert "0 of 2" in (await office.ask(BIA, f"withdraw {question.id}")).text
    await office.ask(RUI, f"approve {question.id}")
    await office.ask(BIA, f"approve {question.id}")
    assert (await office.now_is(question)).given_by == (RUI, BIA)
    assert (await office.ask(BIA, f"withdraw {question.id}")).verdict is Verdict.REFUSED
    view = fold(*await office.store.runs.told(question.run))
    gate = next(stage.gate for stage in view.stages if stage.gate)
    assert (gate.given_by, gate.decision) == ((RUI, BIA), Decision.APPROVED)


async def test_the_requester_may_change_their_mind(office: Office) -> None:
    question = await office.question()
    assert (await office.ask(ANA, f"reject {question.id} because wrong branch")).verdict is Verdict.DONE
    assert (await office.now_is(question)).reason == "wrong branch"


async def test_breaking_the_glass_takes_the_right_and_a_reason(office: Office) -> None:
    question = await office.question(LEA)
    for user in (BIA, RUI, ANA):
        refused = await office.ask(user, f"break-glass {question.run} because checkout is down")
        assert refused.verdict is Verdict.REFUSED
        assert refused.text == (
            "You lack the right `break-glass` in production; the right to approve does not include it. Ask Lea."
        )
    assert (await office.ask(LEA, f"break-glass {question.run}")).verdict is not Verdict.DONE
    done = await office.ask(LEA, f"break-glass {question.run} because checkout is down")
    assert done.verdict is Verdict.DONE, done.text
    (event,) = await office.told(question, Kind.GLASS_BROKEN)
    assert (event.actor, event.data["reason"]) == (LEA, "checkout is down")
    view = fold(*await office.store.runs.told(question.run))
    await check_consent(office.store.approvals, view, DEPLOY)


async def test_a_changed_plan_voids_the_question(office: Office) -> None:
    run = await office.run()
    question = await office.gate(run, subject="0" * 64)
    refused = await office.ask(BIA, f"approve {question.id}")
    assert "has changed" in refused.text
    (event,) = await office.told(question, Kind.APPROVAL_DENIED)
    assert event.data["reason"] == "changed"


def _variants(office: Office) -> dict[str, str]:
    plan, here = office.plan(), office.plan().environment
    service, deploy = plan.service, DEPLOY.actions[0]
    options = replace(DEPLOY, actions=(replace(deploy, options={"health_timeout": 9}),))
    changed = {
        "an option": replace(plan, stages=(plan.stages[0], options)),
        "the order": replace(plan, stages=(plan.stages[0], DEPLOY, DEPLOY)),
        "a variable": replace(plan, service=replace(service, env={"production": {"A": "1"}})),
        "the port": replace(plan, service=replace(service, port=9)),
        "the target": replace(plan, environment=replace(here, options={"keep": 9})),
        "another environment of the plan": replace(plan, environments={"production": replace(here, target="ecs")}),
    }
    subjects = {name: subject_of(each, dict(plan.artifacts)) for name, each in changed.items()}
    subjects["the digest"] = subject_of(plan, {**plan.artifacts, "digest": "sha256:2"})
    subjects["the commit"] = subject_of(plan, {**plan.artifacts, "commit": "2"})
    for value in ("plan-1 sha256:1", "plan-1 sha256:2", "plan-2 sha256:1"):
        planned = {changes("production", "web"): value}
        subjects[f"changes of the infrastructure: {value}"] = subject_of(plan, {**plan.artifacts, **planned})
    return subjects


async def test_whatever_would_run_is_in_the_hash(office: Office) -> None:
    plan = office.plan()
    subjects = {"nothing": subject_of(plan, dict(plan.artifacts)), **_variants(office)}
    assert len(set(subjects.values())) == len(subjects)
    assert subject_of(replace(plan, ref="v1", origin="hello-1"), dict(plan.artifacts)) == subjects["nothing"]


async def test_an_approval_of_exactly_the_same_counts_again_for_a_while(office: Office) -> None:
    office.rule(1, reuse=3600)
    first = await office.question()
    await office.ask(BIA, f"approve {first.id}")
    again = await office.question()
    assert (again.decision, again.given_by, again.reused) == (Decision.APPROVED, (BIA,), first.id)
    view = fold(*await office.store.runs.told(again.run))
    await check_consent(office.store.approvals, view, DEPLOY)
    other = await office.question(RUI)
    assert other.decision is Decision.PENDING, "for another requester nobody has looked at it"
    plan = replace(office.plan(), artifacts={**office.plan().artifacts, "digest": "sha256:" + "2" * 64})
    assert (await office.gate(await office.run(plan=plan))).decision is Decision.PENDING
    office.now += HOUR + timedelta(seconds=1)
    assert (await office.question()).decision is Decision.PENDING


async def test_a_no_ends_the_reuse(office: Office) -> None:
    office.rule(1, reuse=3600)
    first = await office.question()
    await office.ask(BIA, f"approve {first.id}")
    office.now += timedelta(seconds=1)
    await office.ask(BIA, f"reject {(await office.question(RUI)).id}")
    assert (await office.question()).decision is Decision.PENDING


async def test_without_an_approval_nothing_is_released(office: Office) -> None:
    question = await office.question()
    view = fold(*await office.store.runs.told(question.run))
    with pytest.raises(Unapproved):
        await check_consent(office.store.approvals, view, DEPLOY)


async def test_people_are_reminded_and_others_asked_exactly_once_each(office: Office) -> None:
    office.rule(1, of=("role:manager",), remind=60, escalate_after=100, escalate_to=("role:lead",))
    question = await office.question()
    assert (await office.ask(LEA, f"approve {question.id}")).verdict is Verdict.REFUSED
    sent = []
    for second in (59, 61, 62, 99, 101, 102, 170, 182, 183):
        now = question.asked_at + timedelta(seconds=second)
        sent += [(second, each) for _ in range(2) for each in await office.store.reminders.send(now)]
    assert [second for second, _ in sent] == [61, 101, 182]
    assert len(await office.told(question, Kind.APPROVAL_REMINDED)) == 2
    (event,) = await office.told(question, Kind.APPROVAL_ESCALATED)
    assert event.data["to"] == ["role:lead"]
    assert (await office.ask(LEA, f"approve {question.id}")).verdict is Verdict.DONE
    assert await office.store.reminders.send(question.asked_at + HOUR) == []


async def test_a_second_factor_is_one_code_used_once(office: Office) -> None:
    office.rule(2, second_factor=True)
    office.environ["RUI_TOTP"] = SECRET
    totp = pyotp.TOTP(SECRET)
    question = await office.question()
    assert "`approve" in (await office.ask(RUI, f"approve {question.id}")).text
    assert "no authenticator" in (await office.ask(BIA, f"approve {question.id} 123456")).text
    wrong = f"{(int(totp.at(office.now)) + 1) % 1_000_000:06}"
    assert "not right" in (await office.ask(RUI, f"approve {question.id} {wrong}")).text
    assert (await office.ask(RUI, f"approve {question.id} {totp.at(office.now)}")).verdict is Verdict.DONE
    other = await office.question()
    refused = await office.ask(RUI, f"approve {other.id} {totp.at(office.now)}")
    assert "used before" in refused.text
    office.now += timedelta(seconds=60)
    assert (await office.ask(RUI, f"approve {other.id} {totp.at(office.now)}")).verdict is Verdict.DONE


async def test_guessing_codes_is_slow(office: Office) -> None:
    office.rule(1, second_factor=True)
    office.environ["RUI_TOTP"] = SECRET
    totp, question = pyotp.TOTP(SECRET), await office.question()
    wrong = f"{(int(totp.at(office.now)) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert "not right" in (await office.ask(RUI, f"approve {question.id} {wrong}")).text
    right = f"approve {question.id} {totp.at(office.now)}"
    assert "Too many" in (await office.ask(RUI, right)).text
    office.now += timedelta(minutes=16)
    assert (await office.ask(RUI, f"approve {question.id} {totp.at(office.now)}")).verdict is Verdict.DONE


async def test_a_click_counts_only_on_the_message_that_asks(office: Office) -> None:
    question = await office.question()
    await office.store.posts.put(f"{question.run}/approval/{question.stage}", "C1", "100.1", "digest")
    for channel, message in (("C1", "99.1"), ("C2", "100.1")):
        text = f"approve {question.id}"
        refused = await office.ask(BIA, text, via=Via.BUTTON, channel=channel, message=message)
        assert "does not ask that any more" in refused.text
    done = await office.ask(BIA, f"approve {question.id}", via=Via.BUTTON, message="100.1")
    assert done.verdict is Verdict.DONE


async def test_a_click_counts_on_a_question_that_is_not_noted_yet(office: Office) -> None:
    """It stands in Slack before that is written down, longer when a crash comes between."""
    question = await office.question()
    clicked = asyncio.create_task(office.ask(BIA, f"approve {question.id}", via=Via.BUTTON, message="100.1"))
    await asyncio.sleep(0.3)
    assert not clicked.done()
    await office.store.posts.put(f"{question.run}/approval/{question.stage}", "C1", "100.1", "digest")
    assert (await clicked).verdict is Verdict.DONE


async def test_a_click_on_what_never_was_our_question_is_refused(office: Office) -> None:
    question = await office.question()
    office.desk.patience = 0.3
    refused = await office.ask(BIA, f"approve {question.id}", via=Via.BUTTON, message="100.1")
    assert "does not ask that any more" in refused.text


async def test_who_may_is_answered_by_what_decides(office: Office) -> None:
    office.rule(1, of=("role:manager", f"group:{RELEASERS}"))
    everyone = Grant(who=("everyone",), may=("who",), environments=("production",))
    office.catalog = replace(office.catalog, grants=(*office.catalog.grants, everyone))

    async def named(text: str) -> set[str]:
        reply = await office.ask(ANA, text)
        assert reply.table, reply.text
        return {row[0] for row in reply.table.rows}

    assert await named("who can approve hello in production") == {"Bia", "Rui", GUS}
    await office.slack.control("person", user=BIA, is_restricted=True)
    await office.slack.control("usergroup", usergroup=RELEASERS, users=[])
    office.directory_forgets()
    assert await named("quem pode aprovar hello em production") == {"Rui"}
    assert await named("who can break-glass in production") == {"Lea"}
    assert (await office.ask(EVA, "who can deploy hello")).verdict is Verdict.REFUSED
