"""`promote <service> to <environment>`: release there the very image that the environment before it runs."""

from commands.command import Asked, Command, Refused, Topic
from commands.given import RIGHT
from commands.opening import begun, open_run
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import promotion
from commands.texts import PORTUGUESE, later
from storage.model import artifact
from storage.model.catalog import Environment
from storage.model.reply import Reply


async def handle(asked: Asked) -> Reply:
    """Open a run that builds nothing: the digest is the one that was tested."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    _refuse_another_source(asked, environment)
    plan = await promotion(asked, service, environment)
    permit_plan(asked, plan)
    run = await open_run(asked, plan)
    text = asked.say(
        "Promoting `{service}` `{commit}` from {before} to {environment}: run `{run}`.",
        service=service.name,
        commit=artifact.short(plan.artifacts.get(artifact.COMMIT, plan.ref)),
        before=environment.promotes_from,
        environment=environment.name,
        run=run.id,
    )
    return begun(asked, run, text)


def _refuse_another_source(asked: Asked, environment: Environment) -> None:
    source, before = asked.arguments.get("source"), environment.promotes_from
    if before is not None and source not in (None, before):
        text = asked.say(
            "{environment} gets what runs in {before}, never what runs in {source}.",
            environment=environment.name,
            before=before,
            source=source,
        )
        raise Refused(text)


COMMAND = Command(
    name="promote",
    verbs=("promote", "promover", "move", "levar", "passar"),
    loose=("move", "levar", "passar"),
    shown={PORTUGUESE: "promover"},
    usage=(
        (
            "[!] <service+> [from|de|do|da <source>] [to|in|into|para|pra|pro|em|no|na] <environment> "
            "[with|com <pipeline>] [with|com <variables>] [because|porque <reason...>]"
        ),
    ),
    summary=later("Release the very image that the environment before runs; nothing is built."),
    examples=(later("promote hello to production"), later("promote hello production")),
    topic=Topic.DELIVER,
    handle=handle,
    besides={RIGHT: RIGHT},
    brings=True,
)
