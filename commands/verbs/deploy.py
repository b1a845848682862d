"""`deploy <service>[@<ref>] to <environment>`: build, test, push and deploy, or promote what was tested."""

from commands.command import Asked, Command, Refused
from commands.permit import permit, permit_plan
from commands.texts import PORTUGUESE, later
from runners.contract import ActionFailed
from runners.mirrors import UnknownRef
from runners.plan import plan_deploy, plan_promotion
from storage.model import artifact
from storage.model.catalog import Environment, Service
from storage.model.reply import Offer, Reply, Verdict
from storage.model.run import Plan


async def handle(asked: Asked) -> Reply:
    """Open a run, after everything that can be refused at once has been checked."""
    service = asked.catalog.services[asked.arguments["service"]]
    environment = asked.catalog.environments[asked.arguments["environment"]]
    permit(asked, service=service.name, environment=environment.name)
    ref = asked.arguments.get("ref")
    if ref is None and environment.promotes_from:
        plan = await _promotion(asked, service, environment)
    else:
        plan = await _build(asked, service, environment, ref or service.branch)
    permit_plan(asked, plan)
    run = await asked.desk.store.runs.open(asked.request, plan)
    asked.desk.engine.wake()
    text = asked.say(
        "Deploying `{service}` to {environment}: run `{run}`.",
        service=service.name,
        environment=environment.name,
        run=run.id,
    )
    return Reply(verdict=Verdict.STARTED, text=text, run=run.id)


async def _promotion(asked: Asked, service: Service, environment: Environment) -> Plan:
    """Release the image that runs in the environment before: build once, promote the digest."""
    before = str(environment.promotes_from)
    tested = await asked.desk.store.releases.current(service.name, before)
    if tested is None:
        text = asked.say(
            "Nothing of `{service}` runs in {before} yet, and {environment} releases only what was tested there.",
            service=service.name,
            before=before,
            environment=environment.name,
        )
        command = f"deploy {service.name} to {before}"
        raise Refused(text, offers=(Offer(label=asked.say("Deploy to {name}", name=before), command=command),))
    return plan_promotion(asked.catalog, service, environment, tested)


async def _build(asked: Asked, service: Service, environment: Environment, ref: str) -> Plan:
    """Resolve the ref to a commit now, so that a wrong one is refused before anything starts."""
    try:
        found = await asked.desk.mirrors.resolve(service, ref)
    except UnknownRef as unknown:
        raise Refused(_sentence(unknown), offers=_near(service, environment, unknown.nearest)) from unknown
    except ActionFailed as unreachable:
        raise Refused(_sentence(unreachable)) from unreachable
    known = {
        artifact.COMMIT: found.commit,
        artifact.AUTHOR: found.author,
        artifact.SUBJECT: found.subject,
        artifact.COMMITTED_AT: found.committed_at,
    }
    return plan_deploy(asked.catalog, service, environment, ref, artifacts=known)


def _sentence(problem: ActionFailed) -> str:
    return f"{problem.reason[:1].upper()}{problem.reason[1:]}." + (f" {problem.hint}" if problem.hint else "")


def _near(service: Service, environment: Environment, names: list[str]) -> tuple[Offer, ...]:
    return tuple(
        Offer(label=f"{service.name}@{name}"[:75], command=f"deploy {service.name}@{name} to {environment.name}")
        for name in names[:3]
    )


COMMAND = Command(
    name="deploy",
    verbs=(
        "deploy",
        "ship",
        "release",
        "promote",
        "implantar",
        "implanta",
        "publicar",
        "publica",
        "promover",
        "subir",
        "sobe",
    ),
    shown={PORTUGUESE: "implantar"},
    usage=("<service:target> [to|in|on|into|para|pra|pro|em|no|na] <environment>",),
    summary=later("Build, test, push and deploy a commit; to production: release what homolog runs."),
    examples=(
        later("deploy hello to homolog"),
        later("deploy hello@main to homolog"),
        later("deploy hello@feature/login to homolog"),
        later("deploy hello to production"),
    ),
    handle=handle,
)
