"""`status [<service>] [in <environment>]`: what runs where since when, and what is going on."""

from collections.abc import Collection, Sequence

from commands.command import Asked, Command
from commands.holding import kept_by
from commands.permit import may, permit
from commands.places import places
from commands.texts import later
from storage.freezing import frozen
from storage.model import artifact
from storage.model.approval import Decision
from storage.model.fold import fold
from storage.model.hold import Hindrance, Hold
from storage.model.moment import token
from storage.model.reply import Offer, Reply, Table, Verdict
from storage.model.run import Status
from storage.model.view import RunView, WaitView

_NOTHING = "-"
_SELDOM = (6, 7)
"""The columns that say how many containers run, and what is going on: mostly there is nothing to say."""


async def handle(asked: Asked) -> Reply:
    """Show the releases in place and the runs that are going on or waiting."""
    permit(asked, service=asked.arguments.get("service"), environment=asked.arguments.get("environment"))
    views = await _active(asked)
    held = await asked.desk.store.holds.active()
    rows = [await _row(asked, service, environment, views, held) for service, environment in places(asked)]
    text = asked.say("What runs where:") if rows else asked.say("No services are in the catalog.")
    return Reply(verdict=Verdict.DONE, text=text, table=_table(asked, rows) if rows else None, offers=_offers(asked))


def _table(asked: Asked, rows: Sequence[tuple[str, ...]]) -> Table:
    """Leave out the number of containers where nobody has ever changed it, and what is going on where nothing is."""
    say = asked.say
    header = (
        *(say("Service"), say("Environment"), say("Commit"), say("Since"), say("By"), say("Run"), say("Replicas")),
        say("Going on"),
    )
    empty = {column for column in _SELDOM if all(row[column] == _NOTHING for row in rows)}
    return Table(header=_without(empty, header), rows=tuple(_without(empty, row) for row in rows))


def _without(columns: Collection[int], row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell for column, cell in enumerate(row) if column not in columns)


async def _active(asked: Asked) -> list[RunView]:
    """Read the runs that go on or wait in the places that are meant."""
    store = asked.desk.store
    environment = asked.arguments.get("environment")
    return [
        fold(run, await store.journal.of_run(run.id))
        for run in await store.runs.active(asked.arguments.get("service"))
        if environment in (None, run.plan.environment.name, *(stage.environment for stage in run.plan.stages))
        and may(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    ]


def _is_at(view: RunView, service: str, environment: str) -> bool:
    """Tell whether a run goes on or waits in a place: the one it is for, or one that its pipeline is at on the way."""
    if view.run.plan.service.name != service:
        return False
    busy = (each.stage.environment for each in view.stages if each.status in (Status.RUNNING, Status.WAITING))
    return environment == view.run.plan.environment.name or environment in busy


def _state(asked: Asked, view: RunView) -> str:
    waiting = next((s for s in view.stages if s.gate and s.gate.decision is Decision.PENDING), None)
    if waiting is not None and waiting.gate is not None:
        given, needed = len(waiting.gate.given_by), waiting.gate.needed
        return asked.say("waits for approval ({given} of {needed})", given=given, needed=needed)
    if view.paused:
        return asked.say("paused by {name}", name=asked.name(view.paused.by))
    waits = next((stage for stage in view.stages if stage.wait), None)
    if waits is not None and waits.wait is not None:
        return _gate(asked, waits.wait)
    if view.queue_position is not None:
        return asked.say(
            "number {position} in the queue for {environment}",
            position=view.queue_position,
            environment=view.queue_environment or "",
        )
    return asked.say(view.run.status.value)


def _gate(asked: Asked, wait: WaitView) -> str:
    if wait.opens_at is None:
        return asked.say("waits until somebody resumes it")
    return asked.say("waits until {when}", when=token(wait.opens_at))


async def _row(
    asked: Asked, service: str, environment: str, views: Sequence[RunView], held: Sequence[Hold]
) -> tuple[str, ...]:
    here = [view for view in views if _is_at(view, service, environment)]
    kept: list[Hindrance | Hold] = [hold for hold in held if hold.covers(service, environment)]
    by_catalog = frozen(asked.catalog.freezes, environment, asked.request.at)
    kept += [by_catalog] if by_catalog else []
    parts = [*(kept_by(asked, each) for each in kept), *(f"{view.run.id}: {_state(asked, view)}" for view in here)]
    now = "; ".join(parts) or _NOTHING
    release = await asked.desk.store.releases.current(service, environment)
    if release is None:
        return (service, environment, "-", asked.say("never released"), "-", "-", "-", now)
    commit = f"{artifact.short(release.commit)} {release.subject}".strip()
    since = token(release.at)
    replicas = str(release.replicas or "-")
    return (service, environment, commit, since, asked.name(release.by), release.run, replicas, now)


def _offers(asked: Asked) -> tuple[Offer, ...]:
    service = asked.arguments.get("service")
    if service is None:
        return ()
    return (Offer(label=asked.say("History"), command=f"history {service}"),)


COMMAND = Command(
    name="status",
    verbs=(
        "status",
        "estado",
        "situação",
        "how is",
        "how's",
        "what runs",
        "what is running",
        "what's running",
        "what is deployed",
        "what's deployed",
        "what's up with",
        "como está",
        "como tá",
        "como anda",
        "o que roda",
        "o que tem",
        "o que está rodando",
        "o que tá rodando",
        "o que está no ar",
        "o que tá no ar",
    ),
    usage=("[[of|de|do|da] <service+>] [[in|on|em|no|na] <environment>]",),
    summary=later("What runs where since when, and what is going on."),
    examples=(later("status"), later("status hello"), later("status hello in homolog"), later("status production")),
    handle=handle,
    reads=True,
)
