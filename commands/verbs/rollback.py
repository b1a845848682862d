"""`rollback <service> in <environment> [to <release>]`: deploy the last good release before, or a named one."""

from collections.abc import Sequence
from dataclasses import replace

from commands.command import Asked, Command, Refused, Topic
from commands.current import maker_of, started, under_way
from commands.opening import forced
from commands.permit import may, permit
from commands.places import environment_of, service_of
from commands.planning import handed_on
from commands.texts import PORTUGUESE, later, listing
from runners.plan import plan_rollback
from storage.model import artifact
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Offer, Reply, Style, Table, Verdict
from storage.model.run import Run

_LOOKED_BACK, _OFFERED = 30, 5


async def handle(asked: Asked) -> Reply:
    """Open a run that deploys an earlier digest again, configured as it was; nothing is built or guessed."""
    if "environment" not in asked.arguments:
        return await _where(asked)
    permit(asked, service=service_of(asked).name, environment=environment_of(asked).name)
    if "pick" in asked.arguments:
        return await _list(asked)
    if "release" in asked.arguments:
        return await _go_back(asked, await _named(asked))
    release = await asked.desk.store.releases.previous(service_of(asked).name, environment_of(asked).name)
    busy = await under_way(asked)
    if busy:
        return await _ask(asked, busy, release)
    if release is None:
        raise Refused(
            asked.say(
                "There is no earlier release of `{service}` in {environment} to go back to.",
                service=service_of(asked).name,
                environment=environment_of(asked).name,
            )
        )
    return await _go_back(asked, release)


async def _go_back(asked: Asked, release: Release) -> Reply:
    made, was = await handed_on(asked, release), (await maker_of(asked, release)).plan.service
    configured = replace(service_of(asked), env=was.env, secrets=was.secrets)
    return await started(
        asked,
        plan_rollback(asked.catalog, configured, environment_of(asked), release, handed_on=made),
        later("Rolling `{service}` in {environment} back to `{commit}` (released by run `{origin}`): run `{run}`."),
        service=release.service,
        environment=release.environment,
        commit=artifact.short(release.commit),
        origin=release.run,
    )


async def _named(asked: Asked) -> Release:
    """Find what the named run released here. Raises `Refused` when that is nothing, or what runs anyway."""
    run, environment = asked.arguments["release"], environment_of(asked).name
    made = await asked.desk.store.releases.of_run(run)
    found = next((release for release in made if release.environment == environment), None)
    if found is None or found.service != asked.arguments["service"]:
        text = asked.say("Run `{run}` released nothing to {environment}.", run=run, environment=environment)
        raise Refused(text, offers=(_pick(asked),))
    current = await asked.desk.store.releases.current(found.service, environment)
    if current is not None and current.what == found.what and not await under_way(asked):
        text = asked.say(
            "What `{run}` released runs in {environment} already (`{commit}`).",
            run=run,
            environment=environment,
            commit=artifact.short(found.commit),
        )
        again = Offer(label=asked.say("Redeploy"), command=f"redeploy {found.service} in {environment}")
        raise Refused(text, offers=(again, _pick(asked)))
    return found


async def _ask(asked: Asked, busy: Sequence[Run], previous: Release | None) -> Reply:
    """Say what is under way: what `previous` means depends on how that ends, so nobody but the asker can choose."""
    service, environment = service_of(asked).name, environment_of(asked).name
    runs = listing(asked.language, [f"`{run.id}`" for run in busy])
    text = asked.say(
        "{runs} is still under way to {environment}. Stop it, or go back to a release all the same, once it has ended?",
        runs=runs,
        environment=environment,
    )
    offers = [
        Offer(label=asked.say("Cancel {run}", run=run.id), command=f"cancel {run.id}", style=Style.DANGER)
        for run in busy[:2]
    ]
    current = await asked.desk.store.releases.current(service, environment)
    kept = [release for release in (current, previous) if release is not None]
    offers += [_offer(asked, release) for release in kept]
    return Reply(verdict=Verdict.ASK, text=text, table=_table(asked, kept), offers=tuple(offers), private=True)


async def _where(asked: Asked) -> Reply:
    """Ask for the environment, also when the release was only ever in one: production is never guessed."""
    made = await asked.desk.store.releases.of_run(asked.arguments["release"])
    mine = [
        release
        for release in made
        if release.service == asked.arguments["service"]
        and may(asked, service=release.service, environment=release.environment)
    ]
    if not mine:
        raise Refused(
            asked.say("Run `{run}` released nothing where you may roll back.", run=asked.arguments["release"])
        )
    text = asked.say("Where shall `{service}` go back to `{run}`?", service=mine[0].service, run=mine[0].run)
    offers = tuple(_offer(asked, release, label=release.environment) for release in mine)
    return Reply(verdict=Verdict.ASK, text=text, offers=offers, private=True)


async def _list(asked: Asked) -> Reply:
    """Show what there is to go back to, each image once, newest first."""
    service, environment = service_of(asked).name, environment_of(asked).name
    releases = await asked.desk.store.releases.history(service, environment, _LOOKED_BACK)
    newest = {release.what: release for release in reversed(releases)}
    earlier = [r for r in releases if r.what != releases[0].what and newest[r.what] is r][:_OFFERED]
    if not earlier:
        text = asked.say(
            "There is no earlier release of `{service}` in {environment} to go back to.",
            service=service,
            environment=environment,
        )
        raise Refused(text)
    text = asked.say(
        "Which release shall `{service}` in {environment} go back to?", service=service, environment=environment
    )
    offers = tuple(_offer(asked, release) for release in earlier)
    return Reply(verdict=Verdict.ASK, text=text, table=_table(asked, earlier), offers=offers, private=True)


def _table(asked: Asked, releases: Sequence[Release]) -> Table | None:
    say = asked.say
    rows = tuple(
        (r.run, f"{artifact.short(r.commit)} {r.subject}".strip(), token(r.at), asked.name(r.by)) for r in releases
    )
    return Table(header=(say("Run"), say("Commit"), say("Since"), say("By")), rows=rows) if rows else None


def _offer(asked: Asked, release: Release, label: str = "") -> Offer:
    return Offer(
        label=label or f"{release.run} · {artifact.short(release.commit)}",
        command=forced(asked, f"rollback {release.service} in {release.environment} to {release.run}"),
        confirm=asked.say(
            "Bring `{commit}` back to {environment}?",
            commit=artifact.short(release.commit),
            environment=release.environment,
        ),
    )


def _pick(asked: Asked) -> Offer:
    service, environment = service_of(asked).name, environment_of(asked).name
    return Offer(
        label=asked.say("Choose a Release"), command=forced(asked, f"rollback {service} in {environment} pick")
    )


COMMAND = Command(
    name="rollback",
    verbs=(
        "rollback",
        "roll back",
        "revert",
        "reverter",
        "voltar",
        "desfazer",
        "desfaz",
        "desfaça",
        "undo",
        "go back",
        "restore",
        "restaurar",
        "retornar",
    ),
    loose=("restore", "restaurar", "retornar"),
    shown={PORTUGUESE: "reverter"},
    usage=(
        (
            "[!] <service> [in|on|to|em|no|na|para|pra] <environment> [<pick:pick|list|escolher|listar>] "
            "[because|porque <reason...>]"
        ),
        "[!] <service> [in|on|em|no|na] <environment> [to|para|pra] <release:earlier> [because|porque <reason...>]",
        "<service> [to|para|pra] <release>",
    ),
    summary=later("Go back to the release before the one that runs now, or to one that you name or pick."),
    examples=(
        later("rollback hello in homolog"),
        later("rollback hello production"),
        later("rollback hello in homolog to 12"),
        later("rollback hello in homolog pick"),
    ),
    topic=Topic.DELIVER,
    handle=handle,
)
