"""`deploy <service>[@<ref>] to <environment>`: build, test, push and deploy, or promote what was tested."""

from commands.command import Asked, Command, Topic
from commands.given import RIGHT, given
from commands.opening import begun, open_run, unhindered
from commands.permit import permit, permit_plan
from commands.places import environment_of, service_of
from commands.planning import plan_of
from commands.texts import PORTUGUESE, later
from storage.model.reply import Reply
from storage.model.run import Plan


async def handle(asked: Asked) -> Reply:
    """Open a run, after everything that can be refused at once has been checked."""
    plan = await planned(asked)
    run = await open_run(asked, plan)
    text = asked.say(
        "Deploying `{service}` to {environment}: run `{run}`.",
        service=plan.service.name,
        environment=plan.environment.name,
        run=run.id,
    )
    return begun(asked, run, text)


async def planned(asked: Asked) -> Plan:
    """Plan, and refuse all that can be refused before a run is opened."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    plan = await plan_of(asked, service, environment)
    permit_plan(asked, plan)
    return await given(asked, plan)


async def checked(asked: Asked) -> None:
    """Refuse all that `handle` would refuse."""
    await unhindered(asked, await planned(asked))


COMMAND = Command(
    name="deploy",
    verbs=(
        "deploy",
        "ship",
        "release",
        "implantar",
        "publicar",
        "subir",
        "sobe",
        "suba",
        "deployar",
        "lançar",
        "colocar",
        "botar",
        "mandar",
        "push",
        "roll out",
        "rollout",
        "put",
        "send",
        "põe",
        "ponha",
        "jogar",
        "update",
        "atualizar",
        "request",
        "ask for",
        "pedir",
        "pede",
        "peça",
    ),
    loose=("update", "atualizar", "request", "ask for", "pedir", "pede", "peça"),
    shown={PORTUGUESE: "implantar"},
    usage=(
        (
            "[!] <service:target+> [to|in|on|into|para|pra|pro|em|no|na] <environment> "
            "[with|com <pipeline>] [with|com <variables>] [because|porque <reason...>]"
        ),
    ),
    summary=later("Build, test, push and deploy a commit; to production: release what homolog runs."),
    examples=(
        later("deploy hello to homolog"),
        later("deploy hello@main to homolog"),
        later("deploy hello@feature/login to homolog"),
        later("deploy hello to production"),
    ),
    topic=Topic.DELIVER,
    handle=handle,
    check=checked,
    besides={RIGHT: RIGHT},
    brings=True,
)
