"""`logs [<service>] [in <environment>]`: the last failure, or the log of one run."""

from commands.command import Asked, Command, Refused
from commands.permit import permit
from commands.texts import later
from storage.model.reply import Attachment, Offer, Reply, Verdict
from storage.model.run import Run, Status
from storage.model.view import ActionView, RunView, fold

_BIGGEST, _MOST = 1_000_000, 50_000
"""Characters of log in one file, and lines of one action; the end is what matters."""


async def handle(asked: Asked) -> Reply:
    """Show what broke, why, the last meaningful lines, and the whole log as a file."""
    run = await _which(asked)
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    view = fold(run, await asked.desk.store.journal.of_run(run.id))
    action = view.failed
    lines = await _lines(asked, view, action)
    attachment = Attachment(name=f"{run.id}.log", text="\n".join(lines)[-_BIGGEST:]) if lines else None
    return Reply(
        verdict=Verdict.DONE,
        text=_text(asked, view, action),
        excerpt=(action.excerpt if action else ()) or tuple(lines[-20:]),
        attachment=attachment,
        offers=_offers(asked, run),
        run=run.id,
    )


async def _which(asked: Asked) -> Run:
    runs = asked.desk.store.runs
    if "run" in asked.arguments:
        run = await runs.find(asked.arguments["run"])
        if run is None:
            raise Refused(asked.say("There is no run `{run}`.", run=asked.arguments["run"]))
        return run
    service, environment = asked.arguments.get("service"), asked.arguments.get("environment")
    run = await runs.last_failed(service, environment)
    if run is None:
        what = " ".join(name for name in (service, environment) if name) or asked.say("any service")
        raise Refused(asked.say("No run of {what} has failed.", what=what), verdict=Verdict.DONE)
    return run


async def _lines(asked: Asked, view: RunView, failed: ActionView | None) -> list[str]:
    """Read the failing action's log; of a run that did not fail, the logs of all its actions in order."""
    logs = asked.desk.store.logs
    if failed:
        return await logs.tail(view.run.id, view.stage_of(failed), failed.action.name, lines=_MOST)
    lines: list[str] = []
    for stage in view.stages:
        for action in stage.actions:
            found = await logs.tail(view.run.id, stage.stage.name, action.action.name, lines=_MOST)
            if found:
                lines += [f"== {stage.stage.name} / {action.action.name}", *found]
    return lines


def _text(asked: Asked, view: RunView, action: ActionView | None) -> str:
    run = view.run
    text = asked.say(
        "Run `{run}`, {service} to {environment}, asked by {who}: {status}.",
        run=run.id,
        service=run.plan.service.name,
        environment=run.plan.environment.name,
        who=asked.name(run.requester),
        status=asked.say(run.status.value),
    )
    if action is None:
        return text + (f" {view.reason}" if view.reason else "")
    failed = (
        asked.say("`{stage} / {action}` failed: {reason}", **_names(view, action))
        if action.exit_code is None
        else asked.say(
            "`{stage} / {action}` failed (exit code {code}): {reason}", code=action.exit_code, **_names(view, action)
        )
    )
    text += "\n" + failed
    return text + (f"\n{action.hint}" if action.hint else "")


def _names(view: RunView, action: ActionView) -> dict[str, str]:
    return {"stage": view.stage_of(action), "action": action.action.name, "reason": action.reason}


def _offers(asked: Asked, run: Run) -> tuple[Offer, ...]:
    if run.status in (Status.FAILED, Status.BROKEN, Status.CANCELLED):
        return (Offer(label=asked.say("Retry"), command=f"retry {run.id}"),)
    return ()


COMMAND = Command(
    name="logs",
    verbs=("logs", "log", "failure", "registros", "registro", "falha", "falhas", "erro", "erros"),
    usage=("[of|de|do|da] <run>", "[[of|de|do|da] <service>] [[in|on|em|no|na] <environment>]"),
    summary=later("The last failure of a service with its log; or the log of one run."),
    examples=(
        later("logs hello"),
        later("logs hello in homolog"),
        later("logs hello-12"),
        later("logs"),
        later("logs of hello"),
    ),
    handle=handle,
    reads=True,
)
