"""`diff <service> <environment> <environment>`, `diff <run> <run>`: commits and names of configuration that differ."""

from commands.command import Asked, Command, Refused
from commands.compare import Side, bullets, commits_between, config_table, side_of
from commands.permit import permit
from commands.texts import PORTUGUESE, later, several
from storage.model import artifact
from storage.model.catalog import Service
from storage.model.fold import fold
from storage.model.reply import Offer, Reply, Verdict
from storage.model.run import Run


async def handle(asked: Asked) -> Reply:
    """Compare two environments of a service, or two runs of one service."""
    if "run" in asked.arguments:
        service, one, other = await _runs(asked)
    else:
        service, one, other = await _environments(asked)
    lines = [_sides(asked, service, one, other)]
    lines += await _commits(asked, service, one, other)
    table = config_table(asked, one, other)
    lines.append(
        asked.say("Configuration that differs (names only):") if table else asked.say("The configuration is the same.")
    )
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), table=table, offers=_offers(asked, service))


async def _environments(asked: Asked) -> tuple[Service, Side, Side]:
    service = asked.catalog.services[asked.arguments["service"]]
    names = [asked.arguments["environment"], asked.arguments.get("other") or _before(asked)]
    sides = []
    for name in names:
        permit(asked, service=service.name, environment=name)
        release = await asked.desk.store.releases.current(service.name, name)
        if release is None:
            text = asked.say("Nothing of `{service}` runs in {name} yet.", service=service.name, name=name)
            raise Refused(text, verdict=Verdict.DONE)
        sides.append(await side_of(asked, release, name))
    return service, sides[0], sides[1]


def _before(asked: Asked) -> str:
    """Compare with the environment that releases come from when no other is named."""
    name = asked.arguments["environment"]
    before = asked.catalog.environments[name].promotes_from
    after = (each.name for each in asked.catalog.environments.values() if each.promotes_from == name)
    found = before or next(after, None)
    if found is None:
        raise Refused(asked.say("Say which other environment to compare {name} with.", name=name))
    return found


async def _runs(asked: Asked) -> tuple[Service, Side, Side]:
    runs = [await _run(asked, asked.arguments[slot]) for slot in ("run", "release")]
    names = {run.plan.service.name for run in runs}
    if len(names) > 1:
        raise Refused(asked.say("These are runs of two services; only runs of one can be compared."))
    return runs[0].plan.service, await _side(asked, runs[0]), await _side(asked, runs[1])


async def _run(asked: Asked, name: str) -> Run:
    run = await asked.desk.store.runs.find(name)
    if run is None:
        raise Refused(asked.say("There is no run `{run}`.", run=name))
    permit(asked, service=run.plan.service.name, environment=run.plan.environment.name)
    return run


async def _side(asked: Asked, run: Run) -> Side:
    made = fold(run, await asked.desk.store.journal.of_run(run.id)).artifacts
    return Side(
        name=run.id,
        commit=made.get(artifact.COMMIT, ""),
        digest=made.get(artifact.DIGEST, ""),
        config=run.plan.service.configuration(run.plan.environment.name),
    )


def _sides(asked: Asked, service: Service, one: Side, other: Side) -> str:
    if one.digest and one.digest == other.digest:
        return asked.say(
            "`{service}`: {one} and {other} have the same image, of commit `{commit}`.",
            service=service.name,
            one=one.name,
            other=other.name,
            commit=artifact.short(one.commit),
        )
    return asked.say(
        "`{service}`: {one} has commit `{commit}`, {other} has `{another}`.",
        service=service.name,
        one=one.name,
        commit=artifact.short(one.commit),
        other=other.name,
        another=artifact.short(other.commit),
    )


async def _commits(asked: Asked, service: Service, one: Side, other: Side) -> list[str]:
    if one.commit == other.commit:
        return []
    lines: list[str] = []
    for here, there in ((one, other), (other, one)):
        found = await commits_between(asked, service, there.commit, here.commit)
        if found is None:
            return [asked.say("The commits cannot be compared: the repository does not have both of them any more.")]
        if found:
            counted = several("{count} commit is only in {name}:", "{count} commits are only in {name}:")
            lines += [asked.say(counted, count=len(found), name=here.name), *bullets(asked, found)]
    return lines


def _offers(asked: Asked, service: Service) -> tuple[Offer, ...]:
    after = asked.arguments.get("environment")
    targets = [e.name for e in asked.catalog.environments.values() if after and e.promotes_from == after]
    return tuple(
        Offer(label=asked.say("Plan for {name}", name=name), command=f"plan {service.name} to {name}")
        for name in targets[:2]
    )


COMMAND = Command(
    name="diff",
    verbs=("diff", "difference", "differences", "compare", "comparar", "diferença", "diferenças"),
    shown={PORTUGUESE: "comparar"},
    usage=(
        "[of|de|do|da] <service> [in|between|em|no|na|entre] <environment> [and|with|e|com] <other:environment>",
        "[of|de|do|da] <service> [in|em|no|na] <environment>",
        "[of|between|de|do|da|entre] <run> [and|with|e|com] <release:run>",
    ),
    summary=later("What differs between two environments or two runs: commits, and names of configuration."),
    examples=(later("diff hello homolog production"), later("diff hello-12 hello-15"), later("diff hello production")),
    handle=handle,
    reads=True,
)
