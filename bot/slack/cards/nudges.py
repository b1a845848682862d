"""What is said about a question besides the question: that it is still open, that more are asked, that nobody was."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.run_card import decision_line
from bot.slack.cards.shown import Surroundings
from bot.slack.marks import Mark, escape_within, joined, link, marked, mention, moment
from storage.model.view import GateView, RunView, StageView

_MENTIONED = 10


def reminder(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw a reminder. Gives the blocks and the text that notifications read out."""
    text = marked(
        around.say,
        "*{run}* still waits for your answer about {environment}; open until {when}",
        run=view.run.id,
        environment=_environment(view, stage),
        when=moment(around.say, gate.expires_at),
    )
    return _to(_open(gate, around), _with_question(text, stage, around))


def reminded(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw a call that calls nobody any more: the question is settled, or there was a newer call."""
    text = marked(
        around.say,
        "*{run}* in {environment}: {decision}",
        run=view.run.id,
        environment=_environment(view, stage),
        decision=decision_line(gate, around),
    )
    return [kit.context(text)], text


def escalation(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw an escalation: more people are asked."""
    text = marked(
        around.say,
        "Nobody has answered about *{run}* in {environment}, so you are asked too; open until {when}",
        run=view.run.id,
        environment=_environment(view, stage),
        when=moment(around.say, gate.expires_at),
    )
    return _to(_open(gate, around), _with_question(text, stage, around))


def _with_question(text: Mark, stage: StageView, around: Surroundings) -> Mark:
    """Lead to the question, which may stand far above in the thread."""
    question = around.questions.get(stage.stage.name)
    return joined([text, link(question, around.say("see the question"))], ": ") if question else text


def glass(view: RunView, stage: StageView, gate: GateView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw what everybody has to know: somebody released without the approval of others."""
    text = marked(
        around.say,
        ":rotating_light: {who} broke the glass: *{run}* goes to *{environment}* without the approval of others",
        who=around.name(gate.decided_by or ""),
        run=view.run.id,
        environment=_environment(view, stage),
    )
    reason = marked(around.say, "Reason: {reason}", reason=escape_within(gate.reason, 500))
    blocks, _ = _to([user for user in around.approvers if user != gate.decided_by], text)
    return [*blocks, kit.context(reason)], text


def _environment(view: RunView, stage: StageView) -> str:
    return stage.stage.environment or view.run.plan.environment.name


def _open(gate: GateView, around: Surroundings) -> list[str]:
    return [user for user in around.approvers if user not in gate.given_by]


def _to(users: list[str], text: Mark) -> tuple[list[Block], Mark]:
    who = joined([mention(user) for user in users[:_MENTIONED]], " ")
    return [kit.section(joined([who, text], " ") if who else text)], text
