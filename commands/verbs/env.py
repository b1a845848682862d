"""`env <service> [in <environment>]`: the names of a service's configuration, and where they differ; never a value."""

from collections.abc import Mapping

from commands.command import Asked, Command
from commands.compare import config_of, names_that_differ
from commands.permit import allowed, permit
from commands.places import places
from commands.texts import PORTUGUESE, later
from storage.model.reply import Offer, Reply, Table, Verdict

Config = Mapping[str, str]


async def handle(asked: Asked) -> Reply:
    """Show which names are set where, whether their values differ, and what a redeploy would bring."""
    service = asked.arguments["service"]
    permit(asked, service=service, environment=asked.arguments.get("environment"))
    known = asked.catalog.services[service]
    shown = {environment: known.configuration(environment) for _, environment in places(asked)}
    secret = {environment: set(known.secrets.get(environment, {})) for environment in shown}
    names = sorted({name for config in shown.values() for name in config})
    stale = [(environment, await _unreleased(asked, environment)) for environment in shown]
    lines = [asked.say("Configuration of `{service}`, names only:", service=service)]
    if not names:
        lines = [asked.say("`{service}` has no configuration in the catalog.", service=service)]
    lines += [
        asked.say("In {environment} not released yet: {names}.", environment=environment, names=", ".join(changed))
        for environment, changed in stale
        if changed
    ]
    header = (asked.say("Variable"), *shown, asked.say("Values"))
    rows = tuple(_row(asked, name, shown, secret) for name in names)
    return Reply(
        verdict=Verdict.DONE,
        text="\n".join(lines),
        table=Table(header=header, rows=rows) if rows else None,
        offers=_offers(asked, [environment for environment, changed in stale if changed]),
    )


def _row(asked: Asked, name: str, shown: Mapping[str, Config], secret: Mapping[str, set[str]]) -> tuple[str, ...]:
    values = {environment: config[name] for environment, config in shown.items() if name in config}
    cells = [_cell(asked, environment in values, name in secret[environment]) for environment in shown]
    if len(values) == 1 and len(shown) > 1:
        return (name, *cells, asked.say("only in {name}", name=next(iter(values))))
    return (name, *cells, asked.say("the same") if len(set(values.values())) == 1 else asked.say("differ"))


def _cell(asked: Asked, there: bool, secret: bool) -> str:  # noqa: FBT001
    if not there:
        return "-"
    return asked.say("secret") if secret else asked.say("set")


async def _unreleased(asked: Asked, environment: str) -> list[str]:
    """Name what the running release was not made with: changed in the catalog since."""
    service = asked.arguments["service"]
    release = await asked.desk.store.releases.current(service, environment)
    if release is None:
        return []
    now = asked.catalog.services[service].configuration(environment)
    return [f"`{name}`" for names in names_that_differ(await config_of(asked, release), now) for name in names]


def _offers(asked: Asked, stale: list[str]) -> tuple[Offer, ...]:
    service = asked.arguments["service"]
    return tuple(
        Offer(
            label=asked.say("Redeploy to {name}", name=name),
            command=f"redeploy {service} in {name}",
            confirm=asked.say("Release the same image to {name} again, with today's configuration?", name=name),
        )
        for name in stale
        if allowed(asked, "redeploy", service=service, environment=name)
    )


COMMAND = Command(
    name="env",
    verbs=("env", "config", "secrets", "configuração", "variáveis", "segredos"),
    shown={PORTUGUESE: "configuração"},
    usage=("[of|de|do|da] <service> [[in|on|em|no|na] <environment>]",),
    summary=later("The names of a service's configuration, and where they differ; never a value."),
    examples=(later("env hello"), later("env hello in homolog")),
    handle=handle,
    reads=True,
)
