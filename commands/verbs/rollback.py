"""`rollback <service> in <environment>`: deploy the last good release before the one that runs now."""

from commands.command import Asked, Command, Refused, Topic
from commands.permit import permit
from commands.texts import PORTUGUESE, later
from runners.plan import plan_rollback
from storage.model.reply import Reply, Verdict


async def handle(asked: Asked) -> Reply:
    """Open a run that deploys the previous digest again; nothing is built."""
    service = asked.catalog.services[asked.arguments["service"]]
    environment = asked.catalog.environments[asked.arguments["environment"]]
    permit(asked, service=service.name, environment=environment.name)
    release = await asked.desk.store.releases.previous(service.name, environment.name)
    if release is None:
        text = asked.say(
            "There is no earlier release of `{service}` in {environment} to go back to.",
            service=service.name,
            environment=environment.name,
        )
        raise Refused(text)
    plan = plan_rollback(asked.catalog, service, environment, release)
    run = await asked.desk.store.runs.open(asked.request, plan)
    asked.desk.engine.wake()
    text = asked.say(
        "Rolling `{service}` in {environment} back to `{commit}` (released by run `{origin}`): run `{run}`.",
        service=service.name,
        environment=environment.name,
        commit=release.commit[:7],
        origin=release.run,
        run=run.id,
    )
    return Reply(verdict=Verdict.STARTED, text=text, run=run.id)


COMMAND = Command(
    name="rollback",
    verbs=("rollback", "roll back", "revert", "reverter", "voltar", "desfazer", "desfaz", "desfaça"),
    shown={PORTUGUESE: "reverter"},
    usage=("<service> [in|on|to|em|no|na|para|pra] <environment>",),
    summary=later("Go back to the release before the one that runs now."),
    examples=(later("rollback hello in homolog"), later("rollback hello production")),
    topic=Topic.DELIVER,
    handle=handle,
)
