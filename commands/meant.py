"""Which run is meant, where a run or a service was named."""

from commands.command import Asked, Refused
from commands.usage import verb
from storage.model.reply import Offer
from storage.model.run import Run

_OFFERED = 5


async def run_named(asked: Asked, name: str) -> Run:
    """Find a run by its name. Raises `Refused` when there is none."""
    run = await asked.desk.store.runs.find(name)
    if run is None:
        raise Refused(asked.say("There is no run `{run}`.", run=name))
    return run


async def run_going_on(asked: Asked) -> Run:
    """Find the run that was named, or the only one of the named service (and environment) that goes on.

    Raises `Refused`; of several it offers each.
    """
    if "run" in asked.arguments:
        return await run_named(asked, asked.arguments["run"])
    service, environment = asked.arguments["service"], asked.arguments.get("environment")
    active = await asked.desk.store.runs.active(service, environment)
    if len(active) == 1:
        return active[0]
    if not active and environment:
        text = asked.say(
            "No run of `{service}` to {environment} is going on.", service=service, environment=environment
        )
        raise Refused(text)
    if not active:
        raise Refused(asked.say("No run of `{service}` is going on.", service=service))
    names = ", ".join(f"`{run.id}`" for run in active)
    text = asked.say("Several runs of `{service}` are going on: {runs}. Say which.", service=service, runs=names)
    raise Refused(text, offers=tuple(_offer(asked, run) for run in active[-_OFFERED:]))


def _offer(asked: Asked, run: Run) -> Offer:
    """Offer the command for one run; the button says what a click does, and where."""
    label = f"{verb(asked.command, asked.language)} {run.id} · {run.plan.environment.name}"
    return Offer(label=label, command=f"{asked.command.name} {run.id}")


def refuse_ended(asked: Asked, run: Run) -> None:
    """Raise `Refused` for a run that has ended."""
    if run.status.over:
        status = asked.say(run.status.value)
        raise Refused(asked.say("Run `{run}` has already ended: {status}.", run=run.id, status=status), run=run.id)


async def refuse_repeated(asked: Asked, run: Run) -> None:
    """Raise `Refused` while another run does this one again: a click on a button that was pressed before."""
    other = await asked.desk.store.runs.repeating(run)
    if other is None or other.status.over or other.request == asked.request.id:  # this very click, delivered again
        return
    raise repeated(asked, run.id, other.id)


def repeated(asked: Asked, run: str, again: str) -> Refused:
    """Give the refusal to do a run again that another run does again."""
    return Refused(asked.say("Run `{again}` is doing `{run}` again already.", again=again, run=run), run=again)
