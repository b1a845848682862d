"""The fresh message at the end of a run: outcome, duration, what runs where, and the anchor of the record."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.again import again, again_line
from bot.slack.cards.restored import restored
from bot.slack.cards.run_card import short
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import state, why
from bot.slack.marks import Mark, Say, code, escape_within, joined, marked
from commands.texts import later
from storage.model import artifact
from storage.model.run import Status, Trigger
from storage.model.view import RunView


def ended(view: RunView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw the end of a run. Gives the blocks and the text that notifications read out."""
    say, made = around.say, view.artifacts
    text = marked(say, "{run}: {state}", run=view.run.id, state=state(view, around))
    lines = [
        marked(
            say,
            "{who} *{run}*: {state}",
            who=around.requester(view.run.requester),
            run=view.run.id,
            state=state(view, around),
        )
    ]
    back = restored(view, around)
    lines += back
    if not back and why(view) and view.status is not Status.SUCCEEDED:
        lines.append(escape_within(around.words(why(view)), 1000))
    if view.status is Status.SUCCEEDED and made.get(artifact.ADDRESS):
        lines.append(escape_within(made[artifact.ADDRESS], 500))
    lines += [*_holds(view, say), *again_line(view, around)]
    parts = [_what(view, around)] if made.get(artifact.COMMIT) else []
    if made.get(artifact.DIGEST):
        parts.append(short(made[artifact.DIGEST]))
    if view.head:
        # Slack is the witness: whoever rewrites the journal cannot rewrite what was said here
        parts.append(marked(say, "audit trail up to {head}", head=code(view.head[:16])))
    small_print = [kit.context(*parts)] if parts else []
    return [kit.section(joined(lines)), *small_print, *_onward(view, around)], text


def _holds(view: RunView, say: Say) -> list[Mark]:
    """Say what the run did to locks, and what it cared nothing about."""
    plan = view.run.plan
    text = later("{service} in {environment} is locked, so that no deploy undoes this by accident")
    lines = [marked(say, text, service=plan.service.name, environment=name) for name in _rolled_back(view)]
    if plan.force:
        lines.append(marked(say, "Went past locks and freezes: {reason}", reason=escape_within(plan.force, 500)))
    return lines


def _rolled_back(view: RunView) -> list[str]:
    """List the environments that went back to an earlier release: those are locked until somebody unlocks."""
    if view.status is Status.SUCCEEDED and view.run.plan.trigger is Trigger.ROLLBACK:
        return [view.run.plan.environment.name]
    return [
        stage.stage.environment
        for stage in view.stages
        if stage.restoring and stage.stage.environment and stage.status is Status.SUCCEEDED
    ]


def _onward(view: RunView, around: Surroundings) -> list[Block]:
    """Offer what comes next: the release of this very image to where it goes from here, the end of a lock; or again."""
    say, service = around.say, view.run.plan.service.name
    onward = around.onward[:3] if view.status is Status.SUCCEEDED else ()
    offers = [
        kit.button(say("Release to {environment}", environment=name), f"onward.{number}", f"deploy {service} to {name}")
        for number, name in enumerate(onward)
    ]
    offers += [
        kit.button(say("Unlock"), f"unlock.{number}" if number else "unlock", f"unlock {service} in {name}")
        for number, name in enumerate(_rolled_back(view)[:2])
    ]
    return kit.actions([*offers, *again(view, around)] if view.status is Status.SUCCEEDED else offers)


def _what(view: RunView, around: Surroundings) -> Mark:
    made = view.artifacts
    return marked(
        around.say,
        "{commit} by {author}: {subject}",
        commit=short(made[artifact.COMMIT]),
        author=escape_within(made.get(artifact.AUTHOR, "?"), 100),
        subject=escape_within(made.get(artifact.SUBJECT, ""), 300),
    )
