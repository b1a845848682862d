"""The question to people: may exactly this be released? Afterwards, the record of who said what and when."""

from collections.abc import Iterable, Sequence

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.details import listed
from bot.slack.cards.run_card import decision_line, given_line, lacking_line, short
from bot.slack.cards.shown import Surroundings
from bot.slack.marks import Mark, code, escape_within, joined, link, marked, mention, moment
from commands.texts import later, several
from storage.model import artifact
from storage.model.approval import Decision
from storage.model.reply import Style
from storage.model.run import Trigger
from storage.model.soundness import subject_of
from storage.model.view import GateView, RunView, StageView

_MENTIONED, _CHANGES = 10, 15


def approval_card(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw an approval. Gives the blocks and the text that notifications read out."""
    first = joined([_first_line(view, stage, around), *_warning(view, around)])
    body = [kit.section(first), kit.section(_subject(view, around)), *_changes(view, around)]
    if gate.decision is Decision.PENDING:
        body += [
            kit.context(*_pending(gate, around), *_back(view, around)),
            *kit.actions(_buttons(view, stage, gate, around)),
        ]
        who = joined([mention(user) for user in around.approvers[:_MENTIONED]], " ")
        head = joined([joined([who, first], " ") if who else first, *lacking_line(around)])
        body[0] = kit.section(head)
        return kit.first_fitting(body, [*body[:2], *body[-2:]]), first
    decided = _decided(gate, around)
    body.append(kit.context(decided, *_back(view, around)))
    text = marked(around.say, "{run}: {decision}", run=view.run.id, decision=decision_line(gate, around))
    return kit.first_fitting(body, [*body[:2], body[-1]]), text


def _back(view: RunView, around: Surroundings) -> list[Mark]:
    """Lead back to the run: to its card, and to its page, when there are pages."""
    card = [link(around.card, around.say("Card of {run}", run=view.run.id))] if around.card else []
    return [*card, *([link(around.page, around.say("Open run"))] if around.page else [])]


def _environment(view: RunView, stage: StageView) -> str:
    return stage.stage.environment or view.run.plan.environment.name


_ASKS = {
    Trigger.ROLLBACK: later("*{run}*: {who} asks to roll back *{service}* in *{environment}*"),
    Trigger.REDEPLOY: later("*{run}*: {who} asks to redeploy *{service}* in *{environment}*"),
    Trigger.RESTART: later("*{run}*: {who} asks to restart *{service}* in *{environment}*"),
    Trigger.INFRA: later("*{run}*: {who} asks to change the infrastructure of *{service}* in *{environment}*"),
    Trigger.SCALE: later("*{run}*: {who} asks to scale *{service}* in *{environment}* to {count}"),
}


def _first_line(view: RunView, stage: StageView, around: Surroundings) -> Mark:
    if stage.question:
        question = escape_within(around.words(stage.question), 500)
        return marked(around.say, "*{run}*: {question}", run=view.run.id, question=question)
    return marked(
        around.say,
        _ASKS.get(subject_of(view.run.plan), later("*{run}*: {who} asks to release *{service}* to *{environment}*")),
        run=view.run.id,
        who=around.name(view.run.requester),
        service=view.run.plan.service.name,
        environment=_environment(view, stage),
        count=view.run.plan.replicas or 1,
    )


def _warning(view: RunView, around: Surroundings) -> list[Mark]:
    """Say that a release goes back, unless what was asked for says so itself."""
    if not around.changes.back or subject_of(view.run.plan) in (Trigger.ROLLBACK, Trigger.INFRA):
        return []
    return [marked(around.say, ":warning: *This goes back:* it is older than what runs there now")]


def _subject(view: RunView, around: Surroundings) -> Mark:
    made, say = view.artifacts, around.say
    lines = [
        marked(
            say,
            "Commit {commit} by {author}: {subject}",
            commit=short(made.get(artifact.COMMIT, "") or view.run.plan.ref),
            author=escape_within(made.get(artifact.AUTHOR, "?"), 100),
            subject=escape_within(made.get(artifact.SUBJECT, ""), 300),
        )
    ]
    if made.get(artifact.DIGEST):
        lines.append(marked(say, "Image {digest}", digest=short(made[artifact.DIGEST])))
    lines += given_line(view, around)
    if around.running:
        lines.append(
            marked(
                say,
                "Now running there: {commit} since {when}",
                commit=short(around.running.commit),
                when=moment(say, around.running.at),
            )
        )
    else:
        lines.append(marked(say, "Nothing runs there yet: this is the first release"))
    return joined(lines)


def _changes(view: RunView, around: Surroundings) -> list[Block]:
    planned = [around.words(line) for stage in view.stages for a in stage.actions for line in a.details]
    if planned:
        return [kit.section(each) for each in listed(planned, around.say, around.say("What it would change:"))]
    say, changes = around.say, around.changes
    told = ((say("What it would change:"), changes.brings), (say("What it would undo:"), changes.undoes))
    return [_commits(title, commits, around) for title, commits in told if commits]


def _commits(title: str, commits: Sequence[str], around: Surroundings) -> Block:
    extra = len(commits) - _CHANGES
    lines = [escape_within(title, 100), *(Mark("• ") + escape_within(each, 150) for each in commits[:_CHANGES])]
    if extra > 0:
        lines.append(marked(around.say, several("and {count} more", "and {count} more"), count=extra))
    return kit.section(joined([Mark(line) for line in lines]))


def _pending(gate: GateView, around: Surroundings) -> list[Mark]:
    say = around.say
    parts = [marked(say, "Open until {when}; no answer is a no", when=moment(say, gate.expires_at))]
    if gate.needed > 1:
        given = _named(gate.given_by, around) or "-"
        parts.append(
            marked(say, "{count} of {needed} so far: {who}", count=len(gate.given_by), needed=gate.needed, who=given)
        )
    return parts


def _named(users: Iterable[str], around: Surroundings) -> str:
    """Name people without calling them: only who is still to answer is mentioned."""
    return ", ".join(around.name(user) for user in users)


def _decided(gate: GateView, around: Surroundings) -> Mark:
    say = around.say
    when = moment(say, gate.decided_at) if gate.decided_at else Mark("")
    who, reason = around.name(gate.decided_by or ""), escape_within(gate.reason, 500)
    match gate.decision:
        case Decision.APPROVED if gate.emergency:
            return joined([marked(say, "Released without approval by {who}, {when}", who=who, when=when), reason], ": ")
        case Decision.APPROVED if gate.reused:
            given = _named(gate.given_by, around)
            return marked(
                say,
                "Approved by {who} in {approval}, and nothing has changed since",
                who=given,
                approval=code(gate.reused),
            )
        case Decision.APPROVED:
            given = _named(gate.given_by, around) or who
            return marked(say, "Approved by {who}, {when}", who=given, when=when)
        case Decision.REJECTED:
            text = marked(say, "Rejected by {who}, {when}", who=who, when=when)
            return joined([text, reason], ": ") if gate.reason else text
        case Decision.EXPIRED:
            return marked(say, "Nobody approved in time, {when}", when=when)
        case _:
            return marked(say, "The run ended before anybody decided")


def _buttons(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> list[Block]:
    say = around.say
    infra = subject_of(view.run.plan) is Trigger.INFRA
    question = marked(
        say,
        later("Change the infrastructure of {service} in {environment} just so?")
        if infra
        else later("Release {service} {commit} to {environment}?"),
        service=view.run.plan.service.name,
        commit=code(artifact.short(view.artifacts.get(artifact.COMMIT, view.run.plan.ref))),
        environment=_environment(view, stage),
    )
    if stage.question:
        question = escape_within(around.words(stage.question), 250)
    question = joined([*_warning(view, around), question])  # a long question is cut, the warning never
    asks = kit.confirm(
        say("Approve change") if infra else say("Approve release"), question, say("Approve"), say("Not Yet")
    )
    place = view.run.plan.environments.get(_environment(view, stage), view.run.plan.environment)
    if place.approval.second_factor:  # a code is asked for in a modal, which confirms by itself
        yes = kit.button(say("Approve"), "approve.code", f"approve {gate.approval}", style=Style.PRIMARY)
    else:
        yes = kit.button(say("Approve"), "approve", f"approve {gate.approval}", style=Style.PRIMARY, asks=asks)
    return [
        yes,
        kit.button(say("Reject"), "reject", f"reject {gate.approval}"),
    ]
