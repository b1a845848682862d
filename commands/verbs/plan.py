"""`plan <service>[@<ref>] to <environment>`: what that deploy would do. Starts nothing."""

from datetime import UTC, datetime

from commands.awaited import approved_for, approvers_named
from commands.command import Asked, Command, sentence
from commands.compare import bullets, commits_between, names_that_differ, pinned_config, pinned_config_of
from commands.configuration import pinned
from commands.given import RIGHT, given
from commands.holding import kept_by
from commands.permit import allowed, permit
from commands.places import environment_of, service_of
from commands.planning import plan_of
from commands.texts import PORTUGUESE, later, several
from runners.barriers import hindrance
from runners.contract import ActionFailed, Foreseeing
from storage.model import artifact
from storage.model.catalog import Stage
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Offer, Reply, Style, Table, Verdict
from storage.model.run import Plan
from storage.model.window import Window
from storage.model.worded import in_words_of


async def handle(asked: Asked) -> Reply:
    """Plan as `deploy` does, and show the plan instead of opening a run."""
    service, environment = service_of(asked), environment_of(asked)
    permit(asked, service=service.name, environment=environment.name)
    plan = await pinned(asked, await given(asked, await plan_of(asked, service, environment)))
    running = await asked.desk.store.releases.current(service.name, environment.name)
    title = asked.say("`{command}` would do this; nothing was started:", command=_shown(asked))
    lines = [title, *_subject(asked, plan), *await _changes(asked, plan, running)]
    lines += [*await _config(asked, plan, running), *await _at_the_target(asked, plan)]
    lines += [*await _queue(asked, plan), *await _kept(asked, plan)]
    return Reply(verdict=Verdict.DONE, text="\n".join(lines), table=_stages(asked, plan), offers=_offers(asked, plan))


def _shown(asked: Asked) -> str:
    """Give that deploy in the reader's language."""
    said = asked.say(
        "deploy {service} to {environment}", service=_target(asked), environment=asked.arguments["environment"]
    )
    chosen = [asked.arguments[each] for each in ("pipeline", RIGHT) if each in asked.arguments]
    return " ".join([said, *(asked.say("with {pipeline}", pipeline=each) for each in chosen)])


def _target(asked: Asked) -> str:
    ref = asked.arguments.get("ref")
    return asked.arguments["service"] + (f"@{ref}" if ref else "")


def _command(asked: Asked) -> str:
    """Give the deploy that this is the plan of."""
    chosen = "".join(f" with {asked.arguments[each]}" for each in ("pipeline", RIGHT) if each in asked.arguments)
    return f"deploy {_target(asked)} to {asked.arguments['environment']}{chosen}"


def _subject(asked: Asked, plan: Plan) -> list[str]:
    known = plan.artifacts
    line = asked.say(
        "Commit `{commit}` by {author}: {subject}",
        commit=artifact.short(known.get(artifact.COMMIT, plan.ref)),
        author=known.get(artifact.AUTHOR, "?"),
        subject=known.get(artifact.SUBJECT, ""),
    )
    digest = known.get(artifact.DIGEST)
    if digest is None:
        return [line, asked.say("The image would be built from it.")]
    before = plan.environment.promotes_from or ""
    return [line, asked.say("Image `{digest}`, the one that {before} runs.", digest=digest[:19], before=before)]


async def _changes(asked: Asked, plan: Plan, running: Release | None) -> list[str]:
    if running is None:
        return [asked.say("Nothing runs there yet: this is the first release")]
    now = asked.say(
        "Now running there: `{commit}` since {when} (`{run}`).",
        commit=artifact.short(running.commit),
        when=token(running.at),
        run=running.run,
    )
    commit = plan.artifacts.get(artifact.COMMIT, "")
    found = await commits_between(asked, plan.service, running.commit, commit)
    undone = await commits_between(asked, plan.service, commit, running.commit) or []
    lines = [now]
    if undone and not found:
        back = asked.say(
            "It would go back: commit `{commit}` is older than the one that runs there.", commit=artifact.short(commit)
        )
        lines.append(back)
    if found:
        counted = several("{count} commit would come:", "{count} commits would come:")
        lines += [asked.say(counted, count=len(found)), *bullets(asked, found)]
    if undone:
        counted = several("{count} commit would be undone:", "{count} commits would be undone:")
        lines += [asked.say(counted, count=len(undone)), *bullets(asked, undone)]
    return lines if found or undone or found is None else [now, asked.say("The commit is the same.")]


async def _config(asked: Asked, plan: Plan, running: Release | None) -> list[str]:
    if running is None:
        return []
    environment = plan.environment.name
    now = pinned_config(plan, environment)
    added, removed, changed = names_that_differ(await pinned_config_of(asked, running), now)
    if not (added or removed or changed):
        return [asked.say("The configuration is the same.")]
    say = asked.say
    parts = [say("new: {names}", names=_code(added))] if added else []
    parts += [say("gone: {names}", names=_code(removed))] if removed else []
    parts += [say("another value: {names}", names=_code(changed))] if changed else []
    return [say("Configuration: {changes}.", changes="; ".join(parts))]


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


async def _at_the_target(asked: Asked, plan: Plan) -> list[str]:
    """Say what would be different where it runs, and what is not ready there, as far as the target can be asked."""
    runner = asked.desk.runners.get(plan.environment.target)
    if not isinstance(runner, Foreseeing):
        return []
    try:
        found = await runner.foresee(plan.service, plan.environment, plan.artifacts.get(artifact.DIGEST))
    except ActionFailed as problem:
        return [asked.say("What would change there cannot be looked at. {why}", why=sentence(asked, problem))]
    title = asked.say("There it would change:") if found else asked.say("Nothing would change there.")
    return [title, *(f"• {in_words_of(asked.say, line)}" for line in found)]


async def _queue(asked: Asked, plan: Plan) -> list[str]:
    ahead = await asked.desk.store.locks.queue(plan.service.name, plan.environment.name)
    names = ", ".join(f"`{run}`" for run in ahead)
    return [asked.say("It would wait behind {runs}.", runs=names)] if ahead else []


async def _kept(asked: Asked, plan: Plan) -> list[str]:
    """Say which locks and freezes it would meet."""
    lines = []
    for environment in dict.fromkeys(s.environment for s in plan.stages if s.actions and s.environment):
        found = await hindrance(
            asked.desk.store, asked.catalog.freezes, plan, asked.request.user, environment, asked.request.at
        )
        if found is not None:
            state = kept_by(asked, found)
            lines.append(
                asked.say("It would be refused now: {environment} is {state}.", environment=environment, state=state)
            )
    return lines


def _stages(asked: Asked, plan: Plan) -> Table:
    say = asked.say
    rows = tuple((stage.name, stage.environment or "-", _does(asked, plan, stage)) for stage in plan.stages)
    return Table(header=(say("Stage"), say("Environment"), say("Does")), rows=rows)


def _does(asked: Asked, plan: Plan, stage: Stage) -> str:
    gates = [_approval(asked, plan, stage)] if stage.approval else []
    gates += [_success(asked, stage.succeeded_in)] if stage.succeeded_in else []
    gates += [asked.say("waits until somebody resumes it")] if stage.pause else []
    gates += _window(asked, stage.window) if stage.window else []
    return "; ".join([*gates, *(f"{action.name} ({action.uses})" for action in stage.actions)])


def _success(asked: Asked, environment: str) -> str:
    return asked.say("needs the same image to have succeeded in {environment}", environment=environment)


def _window(asked: Asked, window: Window) -> list[str]:
    now = datetime.now(UTC)
    opens = window.opens(now)
    return [asked.say("waits until {when}", when=token(opens))] if opens > now else []


def _approval(asked: Asked, plan: Plan, stage: Stage) -> str:
    environment = approved_for(plan, stage)
    return asked.say(
        "waits for {needed} to approve: {who}",
        needed=max(1, environment.approvals),
        who=approvers_named(asked, plan, environment) or asked.say("nobody else may"),
    )


def _offers(asked: Asked, plan: Plan) -> tuple[Offer, ...]:
    service, environment = plan.service.name, plan.environment
    if not allowed(asked, "deploy", service=service, environment=environment.name):
        return ()
    question = asked.say("Deploy {service} to {environment}?", service=service, environment=environment.name)
    return (
        Offer(
            label=asked.say("Deploy"),
            command=_command(asked),
            style=Style.PRIMARY,
            confirm=question if environment.production else None,
        ),
    )


COMMAND = Command(
    name="plan",
    verbs=("plan", "dry-run", "dry run", "preview", "planejar", "plano", "simular", "prever", "prévia"),
    shown={PORTUGUESE: "planejar"},
    usage=(
        (
            "[deploy|implantar|of|de|do|da] <service:target> [to|in|on|into|para|pra|pro|em|no|na] <environment> "
            "[with|com <pipeline>] [with|com <variables>]"
        ),
    ),
    summary=later("What a deploy would do, without doing it: stages, approvals, commits, configuration."),
    examples=(
        later("plan hello to homolog"),
        later("plan deploy hello@main to homolog"),
        later("plan hello to production"),
    ),
    handle=handle,
    besides={RIGHT: RIGHT},
    reads=True,
)
