"""The App Home: what waits for you, your runs, and what runs where."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack import blocks as kit
from bot.slack.blocks import Block
from bot.slack.marks import Mark, Say, joined, marked, mention, moment
from commands.endings import stopped_by
from commands.texts import several
from storage.model import artifact
from storage.model.approval import Approval
from storage.model.moment import token
from storage.model.release import Release
from storage.model.reply import Style
from storage.model.run import Status
from storage.model.view import RunView

_APPROVALS, RUNS = 10, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What one person's App Home shows."""

    known: bool
    """False: the catalog does not list this person, who sees nothing of what is deployed."""
    approvals: Sequence[Approval] = ()
    runs: Sequence[RunView] = ()
    places: Sequence[tuple[str, str]] = ()
    """(service, environment) of each place where the person may look."""
    releases: Sequence[Release] = ()
    deploys: bool = False
    """Whether the person may deploy anywhere."""


def home_view(home: Home, say: Say) -> Block:
    """Draw the App Home."""
    if not home.known:
        text = marked(say, "You are not listed in this workspace's catalog. Ask its owners to add you.")
        return {"type": "home", "blocks": [kit.section(text)]}
    return {
        "type": "home",
        "blocks": [
            *kit.actions(_first_buttons(home, say)),
            *_approvals(home, say),
            *_runs(home, say),
            *_places(home, say),
        ],
    }


def _first_buttons(home: Home, say: Say) -> list[Block]:
    deploy = [kit.button(say("Deploy"), "deploy", "deploy", style=Style.PRIMARY)] if home.deploys else []
    return [*deploy, kit.button(say("Queue"), "queue", "queue"), kit.button(say("Settings"), "settings", "settings")]


def _approvals(home: Home, say: Say) -> list[Block]:
    if not home.approvals:
        return []
    drawn = [kit.header(say("Waiting for approval"))]
    for number, approval in enumerate(home.approvals[:_APPROVALS]):
        line = marked(
            say,
            "*{run}* to *{environment}*, asked by {who}; open until {until}",
            run=approval.run,
            environment=approval.environment,
            who=mention(approval.requester),
            until=moment(say, approval.expires_at),
        )
        asks = kit.confirm(
            say("Approve release"), say("Release {run}?", run=approval.run), say("Approve"), say("Not Yet")
        )
        buttons = [
            kit.button(say("Approve"), f"approve.{number}", f"approve {approval.id}", asks=asks),
            kit.button(say("Reject"), f"reject.{number}", f"reject {approval.id}"),
        ]
        drawn += [kit.section(line), *kit.actions(buttons)]
    return drawn


def _runs(home: Home, say: Say) -> list[Block]:
    drawn = [kit.header(say("Your runs"))]
    lines = [_run(view, say) for view in home.runs[:RUNS]] or [marked(say, "None yet.")]
    return [*drawn, kit.section(joined(lines))]


def _run(view: RunView, say: Say) -> Mark:
    run = view.run
    return marked(
        say,
        "*{run}* to {environment}: {status}, {when}",
        run=run.id,
        environment=run.plan.environment.name,
        status=_status(view, say),
        when=moment(say, run.closed_at if run.status is not Status.RUNNING and run.closed_at else run.opened_at),
    )


def _status(view: RunView, say: Say) -> Mark | str:
    stopped = stopped_by(view)
    if stopped is None:
        return say(view.run.status.value)
    return marked(say, "{status} by {name}", status=say(stopped[0]), name=mention(stopped[1]))


def _places(home: Home, say: Say) -> list[Block]:
    if not home.places:
        return []
    services, environments = (list(dict.fromkeys(names)) for names in zip(*home.places, strict=True))
    running = {(r.service, r.environment): r for r in home.releases}
    rows = [[service, *(_place(running.get((service, each))) for each in environments)] for service in services]
    drawn, missing = kit.table([say("Service"), *environments], rows, say)
    rest = several("{count} more is not shown", "{count} more are not shown")
    more = [kit.context(marked(say, rest, count=missing))] if missing else []
    return [kit.header(say("What runs where")), drawn, *more]


def _place(release: Release | None) -> str:
    return f"{artifact.short(release.commit)} · {token(release.at)}" if release else ""
