"""The card of a run: one message, edited as the run goes, that shows every action of the plan."""

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.cards.again import again, again_line, retry
from bot.slack.cards.gates import gate_tasks
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import cause, state, told, why
from bot.slack.cards.titles import action_title, run_title
from bot.slack.marks import Mark, code, escape_within, joined, link, marked
from commands.assignments import written
from commands.texts import several
from commands.times import span
from runners.cause import cause_in
from storage.model import artifact
from storage.model.approval import Decision
from storage.model.gate import GateKind
from storage.model.reply import Style
from storage.model.run import Status
from storage.model.view import ActionView, GateView, RunView, StageView

_DRAWN = {
    Status.REQUESTED: "pending",
    Status.WAITING: "in_progress",
    Status.RUNNING: "in_progress",
    Status.SUCCEEDED: "complete",
    Status.FAILED: "error",
    Status.BROKEN: "error",
    Status.CANCELLED: "error",
}
_MANY = 50
_CALLED = 5


def run_card(view: RunView, around: Surroundings) -> tuple[list[Block], Mark]:
    """Draw a run. Gives the blocks and the text that notifications read out."""
    text = marked(around.say, "{run}: {state}", run=view.run.id, state=state(view, around))
    parts = (_heading(view, around), _small_print(view, around), kit.actions(_buttons(view, around)))
    return kit.first_fitting(
        _card(_by_action(view, around, rich=True), view, around, parts),
        _card(_by_action(view, around, rich=False), view, around, parts),
        _card(_by_stage(view, around), view, around, parts),
    ), text


def _card(
    tasks: list[Block], view: RunView, around: Surroundings, parts: tuple[Block, Block, list[Block]]
) -> list[Block]:
    heading, small_print, buttons = parts
    drawn = [kit.plan(state(view, around), tasks)] if tasks else []
    return [heading, *drawn, small_print, *buttons]


def _heading(view: RunView, around: Surroundings) -> Block:
    title = marked(around.say, "*{run}* · {title}", run=view.run.id, title=run_title(view, around.say))
    return kit.section(joined([title, *again_line(view, around), *_calls(view, around)]))


def _calls(view: RunView, around: Surroundings) -> list[Mark]:
    """Say who is asked something in the thread, for whoever sees the channel alone; they are mentioned there."""
    pending = [(s.stage.name, s.gate) for s in view.stages if s.gate and s.gate.decision is Decision.PENDING]
    if view.status.over or not pending:
        return []
    stage, gate = pending[0]
    if around.lacking:
        return lacking_line(around)
    asked = [around.name(user) for user in around.approvers if user not in gate.given_by]
    who = (", ".join(asked[:_CALLED]) + ("…" if asked[_CALLED:] else "")) or around.say("an answer")
    question = around.questions.get(stage)
    if question is None:
        return [marked(around.say, "*Waiting for {who}*: open the thread to approve or reject.", who=who)]
    answer = link(question, around.say("approve or reject in the thread"))
    return [marked(around.say, "*Waiting for {who}*: {answer}.", who=who, answer=answer)]


def _by_action(view: RunView, around: Surroundings, *, rich: bool) -> list[Block]:
    tasks: list[Block] = []
    for number, stage in enumerate(view.stages):
        if stage.stage.approval:
            tasks.append(_gate_task(f"{number}", stage, view, around))
        tasks += gate_tasks(f"{number}", stage, around)
        for place, action in enumerate(stage.actions):
            tasks.append(_action_task(f"{number}.{place}", stage, action, view, around, rich=rich))
    return tasks if len(tasks) <= _MANY else _by_stage(view, around)


def _action_task(
    name: str, stage: StageView, action: ActionView, view: RunView, around: Surroundings, *, rich: bool
) -> Block:
    title = action_title(action, around.say, view.run.plan.service.name)
    # a task may never be left spinning: when the run is over, whatever had begun has stopped
    status = "error" if view.status.over and action.status is Status.RUNNING else _DRAWN[action.status]
    details = " · ".join(part for part in (stage.stage.name, span(action.started_at, action.ended_at)) if part)
    # why the run has failed stands below the plan, where nobody has to unfold it
    output = "" if action is told(view) else _came_of(action, around)
    return kit.task(name, title, status, details=details if rich else "", output=output if rich else "")


def _came_of(action: ActionView, around: Surroundings) -> str:
    doing = action.progress if action.status is Status.RUNNING else ""
    said = around.words(action.reason or action.summary or doing)
    line = cause_in(action.excerpt, action.reason).replace("`", "'") if action.status is Status.FAILED else ""
    return f"{said}: `{line}`" if line else said


def _gate_task(name: str, stage: StageView, view: RunView, around: Surroundings) -> Block:
    say, gate = around.say, stage.gate
    environment = stage.stage.environment or view.run.plan.environment.name
    if gate is None:
        title = say("Ask for approval for {environment}", environment=environment)
        return kit.task(name, title, "pending")
    status = "error" if stage.status is Status.CANCELLED else _DRAWN[stage.status]
    return kit.task(name, decision_line(gate, around), status)


def decision_line(gate: GateView, around: Surroundings) -> str:
    """Say in plain words how an approval stands."""
    say, who = around.say, around.name(gate.decided_by or "")
    match gate.decision:
        case Decision.APPROVED if gate.emergency:
            return say("Released without approval by {name}", name=who)
        case Decision.APPROVED:
            names = ", ".join(around.name(user) for user in gate.given_by) or who
            return say("Approved by {name}", name=names)
        case Decision.REJECTED:
            return say("Rejected by {name}", name=who)
        case Decision.EXPIRED:
            return say("Nobody approved in time")
        case Decision.CANCELLED:
            return say("No approval needed any more")
        case _:
            return say("Waiting for approval ({given} of {needed})", given=len(gate.given_by), needed=gate.needed)


def _by_stage(view: RunView, around: Surroundings) -> list[Block]:
    """Draw one task per stage, for pipelines too large to draw in full."""
    tasks = [kit.task(f"{number}", stage.stage.name, _DRAWN[stage.status]) for number, stage in enumerate(view.stages)]
    if len(tasks) <= _MANY:
        return tasks
    rest = around.say(several("{count} more stage", "{count} more stages"), count=len(tasks) - _MANY + 1)
    return [*tasks[: _MANY - 1], kit.task("rest", rest, "pending")]


def _small_print(view: RunView, around: Surroundings) -> Block:
    say, made = around.say, view.artifacts
    parts = [marked(say, "Asked by {who}", who=around.name(view.run.requester))]
    if made.get(artifact.COMMIT):
        parts.append(joined([_commit(view, around), escape_within(made.get(artifact.SUBJECT, ""), 300)], ": "))
    else:
        parts.append(code(view.run.plan.ref))
    parts.append(escape_within(view.run.plan.environment.name, 100))
    parts += given_line(view, around)
    if why(view) and view.status.over:
        parts.append(escape_within(around.words(why(view)), 500))
    if cause(view):
        parts.append(code(cause(view)))
    if around.page:
        parts.append(link(around.page, say("Open run")))
    return kit.context(*parts)


def _commit(view: RunView, around: Surroundings) -> Mark:
    """Name the commit and who wrote it, and the branch or tag by which it was asked for, when it was."""
    made, ref = view.artifacts, view.run.plan.ref
    commit, author = made[artifact.COMMIT], made.get(artifact.AUTHOR, "?")
    if commit.startswith(ref):
        return marked(around.say, "{commit} by {author}", commit=short(commit), author=author)
    return marked(around.say, "{commit} of {ref} by {author}", commit=short(commit), ref=code(ref), author=author)


def given_line(view: RunView, around: Surroundings) -> list[Mark]:
    """Say which variables whoever asked for the run gave to it; nothing when there are none."""
    given = written(view.run.plan.given)
    return [marked(around.say, "With {variables}", variables=code(given, 1_000))] if given else []


def lacking_line(around: Surroundings) -> list[Mark]:
    """Say that there are not enough people who may approve, and what to do; nothing when there are."""
    return [joined([":warning:", around.say(around.lacking)], " ")] if around.lacking else []


def short(value: str) -> Mark:
    """Show a commit or digest short enough to compare by eye."""
    kind, colon, rest = value.partition(":")
    return code(f"{kind}:{rest[:12]}" if colon else artifact.short(value))


def _buttons(view: RunView, around: Surroundings) -> list[Block]:
    say, run = around.say, view.run.id
    if view.status.over:
        # what went well stays calm in the channel: the end of it, in the thread, has the menu
        return [] if view.status is Status.SUCCEEDED else [*retry(view, around), *again(view, around)]
    if view.cancelled_by:
        return []
    asks = kit.confirm(
        say("Cancel run"),
        say("Stop {run}? What is already released stays.", run=run),
        say("Cancel the Run"),
        say("Keep It Running"),
    )
    return [
        _going_on(view, around),
        kit.button(say("Cancel"), "cancel", f"cancel {run}", style=Style.DANGER, asks=asks),
    ]


def _going_on(view: RunView, around: Surroundings) -> Block:
    """Offer to pause, or to end the very pause that is shown: a click that comes late opens no later one."""
    say, run = around.say, view.run.id
    at = next((s.stage.name for s in view.stages if s.wait and s.wait.kind is GateKind.PAUSE), None)
    if view.paused is not None:
        at = str(view.paused.number)
    if at is not None:
        return kit.button(say("Resume"), "resume", f"resume {run}/{at}", style=Style.PRIMARY)
    return kit.button(say("Pause"), "pause", f"pause {run}")
