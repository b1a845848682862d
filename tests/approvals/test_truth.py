"""The truth table: role x relation x account x state x age x change, every cell through the desk, and at once."""

import asyncio
import itertools
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from commands.directory import Standing
from storage.model.approval import Approval, Decision
from storage.model.event import Kind
from storage.model.reply import Verdict
from storage.model.run import Status
from tests.approvals.office import ANA, LEA, RELEASERS, Office, person

ROLES = ("by role", "by group", "not asked", "no right")
RELATIONS = ("other", "requester", "linked", "author")
ACCOUNTS: dict[Standing | None, dict[str, object]] = {
    Standing.MEMBER: {},
    Standing.GUEST: {"is_restricted": True},
    Standing.EXTERNAL: {"team": "T0OTHER99"},
    Standing.BOT: {"is_bot": True},
    Standing.DEACTIVATED: {"deleted": True},
    Standing.UNKNOWN: {},
    None: {},
}
"""Standing (`None`: Slack does not answer) -> what Slack knows."""
STATES = (Decision.PENDING, Decision.APPROVED, Decision.REJECTED, Decision.CANCELLED)
AGES = ("in time", "too late")
CHANGES = ("the same", "changed")


@dataclass(frozen=True)
class Who:
    """Somebody of the table."""

    role: str
    relation: str

    @property
    def user(self) -> str:
        return f"U{ROLES.index(self.role)}{RELATIONS.index(self.relation)}"

    @property
    def main(self) -> str:
        """The account that the catalog lists."""
        return f"{self.user}M" if self.relation == "linked" else self.user

    @property
    def requester(self) -> str:
        return self.main if self.relation in ("requester", "linked") else ANA


PEOPLE = [Who(*each) for each in itertools.product(ROLES, RELATIONS)]


def _may(who: Who, account: Standing | None, state: Decision, age: str, change: str) -> bool:
    """What the specification says of a cell."""
    return (
        who.role in ("by role", "by group")
        and who.relation == "other"
        and account is Standing.MEMBER
        and state is Decision.PENDING
        and age == "in time"
        and change == "the same"
    )


async def _prepare(office: Office) -> None:
    """Everybody of the table in Slack and in the catalog."""
    author = await office.desk.mirrors.authors_between(office.catalog.services["hello"], "", office.commit)
    assert author
    roles = {"by role": ("manager",), "not asked": ("lead",)}
    people = dict(office.catalog.people)
    for who in PEOPLE:
        also = (who.user,) if who.main != who.user else ()
        listed = person(who.main, *roles.get(who.role, ()), also=also)
        people[who.main] = replace(listed, emails=tuple(author)) if who.relation == "author" else listed
        await office.slack.control("person", user=who.main)
    grouped = [who.user for who in PEOPLE if who.role == "by group"]
    await office.slack.control("usergroup", usergroup=RELEASERS, users=grouped)
    office.catalog = replace(office.catalog, people=people)
    office.rule(1, of=("role:manager", f"group:{RELEASERS}"), without_authors=True)


async def _question(office: Office, requester: str, state: Decision, age: str, change: str) -> Approval:
    run = await office.run(requester)
    ttl = timedelta(hours=1) if age == "in time" else timedelta(seconds=1)  # which the caller lets pass
    asked = await office.gate(run, subject="0" * 64 if change == "changed" else "", ttl=ttl)
    if state is Decision.APPROVED:
        await office.store.approvals.approve(asked.id, LEA, asked.subject)
    elif state is Decision.REJECTED:
        await office.store.approvals.reject(asked.id, LEA)
    elif state is Decision.CANCELLED:
        await office.store.runs.finish(run.id, Status.CANCELLED)
    return await office.now_is(asked)


async def _appear(office: Office, account: Standing | None) -> None:
    """Let everybody of the table have that kind of account."""
    people = office.slack.local.workspace.people
    for who in PEOPLE:
        if account is Standing.UNKNOWN:
            people.pop(who.user, None)
            continue
        flags = {"is_restricted": False, "team": "T0ESTIVA1", "is_bot": False, "deleted": False}
        await office.slack.control("person", user=who.user, **(flags | ACCOUNTS[account]))
    await office.slack.control("switch", failing={"users.info": 10_000 if account is None else 0})


async def test_every_cell_of_the_truth_table(office: Office) -> None:
    await _prepare(office)
    places = list(itertools.product(STATES, AGES, CHANGES))
    requesters = dict.fromkeys(who.requester for who in PEOPLE)
    questions = {(r, *place): await _question(office, r, *place) for r in requesters for place in places}
    office.now += timedelta(seconds=2)
    cells, wrong = 0, []
    for account in ACCOUNTS:
        await _appear(office, account)
        for who, place in itertools.product(PEOPLE, places):
            key = (who.requester, *place)
            before = questions[key]
            answer = await office.ask(who.user, f"approve {before.id}")
            after = await office.now_is(before)
            allowed = _may(who, account, *place)
            counted = answer.verdict is Verdict.DONE and after.decision is Decision.APPROVED
            refused = answer.verdict is Verdict.REFUSED and after == before
            cells += 1
            if not answer.text or (counted, refused) != (allowed, not allowed):
                wrong.append((who, account, place, answer.verdict, answer.text))
            if counted:
                questions[key] = await _question(office, *key)
    assert wrong == []
    assert cells == 1792


@pytest.mark.parametrize("needed", [1, 2])
async def test_of_everything_at_once_one_thing_happens(office: Office, needed: int) -> None:
    """Double clicks, several approvers, a no, a change of mind, a broken glass and the end of time, in one moment."""
    await _prepare(office)
    office.rule(needed)
    clicks = [who.user for who in PEOPLE if who.role in ("by role", "by group") and who.relation == "other"] * 2
    for _ in range(8):
        question = await office.question()
        texts = [(user, f"approve {question.id}") for user in clicks]
        texts += [(clicks[0], f"withdraw {question.id}"), (ANA, f"reject {question.id}"), (clicks[1], "status")]
        texts += [(LEA, f"break-glass {question.id} because now"), (ANA, f"approve {question.id}")]
        replies, _ = await asyncio.gather(
            asyncio.gather(*(office.ask(*each) for each in texts)),
            office.store.approvals.expire(question.expires_at),
        )
        assert all(reply.text for reply in replies)
        events = await office.store.journal.of_run(question.run)
        decided = [e for e in events if e.kind in (Kind.APPROVED, Kind.REJECTED, Kind.APPROVAL_EXPIRED)]
        assert len(decided) == 1
        after = await office.now_is(question)
        assert after.decision.value == decided[0].kind.value.removeprefix("approval_")
        if after.decision is Decision.APPROVED and not after.emergency:
            assert len(after.given_by) == len(set(after.given_by)) == needed
            assert ANA not in after.given_by
        assert await office.store.runs.ready() == [(question.run, 2)]
        await office.store.runs.finish(question.run, Status.CANCELLED)
