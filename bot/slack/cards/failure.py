"""What is said when an action fails: what, why, its last lines, and what can be done next."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.again import again, again_line, retry
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.titles import action_title
from bot.slack.marks import Mark, code_block, escape_within, joined, marked
from storage.model.reply import Style
from storage.model.run import Status
from storage.model.view import ActionView, RunView


def failure(view: RunView, action: ActionView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw a failure. Gives the blocks and the text that notifications read out."""
    say = around.say
    text = marked(
        say,
        "{run}: {title}",
        run=view.run.id,
        title=action_title(action, say, view.run.plan.service.name),
    )
    head = marked(
        say,
        "{who} *{run}*: *{title}*",
        who=around.requester(view.run.requester),
        run=view.run.id,
        title=action_title(action, say, view.run.plan.service.name),
    )
    body = [kit.section(joined([head, _why(action, around)]))]
    if action.excerpt:
        body.append(kit.section(code_block(around.words(line) for line in action.excerpt)))
    if action.hint:
        hint = escape_within(around.words(action.hint), 1000)
        body.append(kit.section(marked(say, "What to do: {hint}", hint=hint)))
    small_print = [_before(view, around), *again_line(view, around)]
    body += [kit.context(*filter(None, small_print))] if any(small_print) else []
    return kit.first_fitting([*body, *kit.actions(_buttons(view, action, around))]), text


def _why(action: ActionView, around: Surroundings) -> Mark:
    say, reason = around.say, escape_within(around.words(action.reason), 1000)
    if action.status is Status.BROKEN:
        return marked(say, "Estiva itself went wrong, not your work: {reason}", reason=reason)
    if action.untold_code is not None:
        return marked(say, "Exit code {code}: {reason}", code=action.untold_code, reason=reason)
    return reason


def _before(view: RunView, around: Surroundings) -> Mark:
    done = [
        action_title(a, around.say, view.run.plan.service.name)
        for s in view.stages
        for a in s.actions
        if a.status is Status.SUCCEEDED
    ]
    if not done:
        return Mark("")
    return marked(around.say, "Before that: {done}", done=escape_within(", ".join(done), 500))


def _buttons(view: RunView, action: ActionView, around: Surroundings) -> list[Block]:
    say, run, plan = around.say, view.run.id, view.run.plan
    log = around.logs.get((view.stage_of(action), action.action.name))
    full = kit.leading(say("Full Log"), "log", log) if log else kit.button(say("Full Log"), "logs", f"logs {run}")
    made = [*retry(view, around, Style.PRIMARY), full]
    if around.previous:
        asks = kit.confirm(
            say("Roll back"),
            say("Bring the previous release of {service} back?", service=plan.service.name),
            say("Roll Back"),
            say("Not Now"),
        )
        command = f"rollback {plan.service.name} in {plan.environment.name}"
        made.append(kit.button(say("Roll Back"), "rollback", command, style=Style.DANGER, asks=asks))
    return [*made, *again(view, around, view.stage_of(action), log=False)]
