"""`logs [<service>] [in <environment>]`: the last failure, the log of one run, or what the running release writes."""

from commands.command import Asked, Command, Refused
from commands.endings import besides, headline, reason_of
from commands.permit import permit
from commands.tailing import found_in, offer_tail, tail
from commands.texts import later, listing
from storage.model.fold import fold
from storage.model.reply import Attachment, Offer, Reply, Verdict
from storage.model.run import Run, Status
from storage.model.view import ActionView, RunView, StageView
from storage.model.worded import in_words_of

_BIGGEST, _MOST, _SHOWN = 1_000_000, 50_000, 20
"""Characters of log in one file, lines of one action, lines that are shown; the end is what matters."""


async def handle(asked: Asked) -> Reply:
    """Show what broke, why, the last meaningful lines, and the whole log as a file."""
    arguments = asked.arguments
    if "environment" in arguments and not arguments.keys().isdisjoint({"since", "words", "now"}):
        permit(asked, service=arguments["service"], environment=arguments["environment"])
        return await tail(asked)
    run = await _which(asked)
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    view = fold(run, await asked.desk.store.journal.of_run(run.id))
    action = _action(asked, view) or (None if "words" in arguments else view.failed)
    lines = found_in(asked, await _lines(asked, view, action))
    shown = () if "words" in arguments or action is None else action.excerpt
    excerpt = tuple(in_words_of(asked.say, line) for line in shown)
    return Reply(
        verdict=Verdict.DONE,
        text=_text(asked, view, action),
        excerpt=excerpt or tuple(lines[-_SHOWN:]),
        attachment=_file(view, action, lines),
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
    permit(asked, service=service, environment=environment)
    run = await runs.last_failed(service, environment)
    if run is None:
        what = " ".join(name for name in (service, environment) if name) or asked.say("any service")
        offers = (offer_tail(asked, service, environment),) if service and environment else ()
        raise Refused(asked.say("No run of {what} has failed.", what=what), verdict=Verdict.DONE, offers=offers)
    return run


def _action(asked: Asked, view: RunView) -> ActionView | None:
    """Find the action that was named, with or without its stage. Raises `Refused` with those that there are."""
    named = asked.arguments.get("action")
    if named is None:
        return None
    every = [(stage, action) for stage in view.stages for action in stage.actions]
    found = [a for s, a in every if named.casefold() in (_full(s, a).casefold(), a.action.name.casefold())]
    if len(found) == 1:
        return found[0]
    names = listing(asked.language, [f"`{_full(stage, action)}`" for stage, action in every])
    text = asked.say(
        "No one action of `{run}` is called `{action}`. It has {names}.", run=view.run.id, action=named, names=names
    )
    raise Refused(text)


def _full(stage: StageView, action: ActionView) -> str:
    return f"{stage.stage.name}/{action.action.name}"


async def _lines(asked: Asked, view: RunView, chosen: ActionView | None) -> list[str]:
    """Read the log of an action; of a run that did not fail, the logs of all its actions in order."""
    logs = asked.desk.store.logs
    if chosen:
        return await logs.tail(view.run.id, view.stage_of(chosen), chosen.action.name, lines=_MOST)
    lines: list[str] = []
    for stage in view.stages:
        for action in stage.actions:
            found = await logs.tail(view.run.id, stage.stage.name, action.action.name, lines=_MOST)
            if found:
                lines += [f"== {stage.stage.name} / {action.action.name}", *found]
    return lines


def _file(view: RunView, action: ActionView | None, lines: list[str]) -> Attachment | None:
    if not lines:
        return None
    # the whole log of a failed action is shared by itself, in the thread of its run
    failed = action is not None and action.status in (Status.FAILED, Status.BROKEN)
    of = f"log/{view.stage_of(action)}/{action.action.name}" if action is not None and failed else ""
    return Attachment(name=f"{view.run.id}.log", text="\n".join(lines)[-_BIGGEST:], of=of)


def _text(asked: Asked, view: RunView, action: ActionView | None) -> str:
    text = headline(asked, view)
    if action is None:
        return f"{text} {besides(asked, view)}".rstrip()
    if action.status not in (Status.FAILED, Status.BROKEN):
        state = asked.say(action.status.value)
        return f"{text}\n`{view.stage_of(action)} / {action.action.name}`: {state}"
    names = _names(asked, view, action)
    if action.untold_code is None:
        failed = asked.say("`{stage} / {action}` failed: {reason}", **names)
    else:
        failure = later("`{stage} / {action}` failed (exit code {code}): {reason}")
        failed = asked.say(failure, code=action.untold_code, **names)
    text += "\n" + failed
    hint = in_words_of(asked.say, action.hint)
    return text + ("\n" + asked.say("What to do: {hint}", hint=hint) if hint else "")


def _names(asked: Asked, view: RunView, action: ActionView) -> dict[str, str]:
    reason = reason_of(asked, action.reason)
    return {"stage": view.stage_of(action), "action": action.action.name, "reason": reason}


def _offers(asked: Asked, run: Run) -> tuple[Offer, ...]:
    if run.status in (Status.FAILED, Status.BROKEN, Status.CANCELLED):
        return (Offer(label=asked.say("Retry from Start"), command=asked.say("retry {run}", run=run.id)),)
    return ()


COMMAND = Command(
    name="logs",
    verbs=(
        "logs",
        "log",
        "failure",
        "last failure",
        "error",
        "errors",
        "last error",
        "last failure log",
        "last failure logs",
        "what broke",
        "what failed",
        "what went wrong",
        "registros",
        "registro",
        "falha",
        "falhas",
        "última falha",
        "erro",
        "erros",
        "último erro",
        "o que quebrou",
        "o que falhou",
        "o que deu errado",
    ),
    usage=(
        "[of|de|do|da] <run> [<action>] [grep|com <words...>]",
        "[failure|error|falha|erro] [[of|de|do|da] <service>] [[in|on|em|no|na] <environment>]",
        "<service> [in|on|em|no|na] <environment> [<now:now|agora>] [since|desde|há <since>] [grep|com <words...>]",
    ),
    summary=later("The last failure with its log; the log of a run or an action; or what runs writes now."),
    examples=(
        later("logs hello"),
        later("logs hello in homolog"),
        later("logs hello-12"),
        later("logs hello-12 image"),
        later("logs hello in homolog since 10m grep ERROR"),
        later("logs hello in homolog now"),
        later("logs"),
        later("logs of hello"),
    ),
    handle=handle,
    reads=True,
)
