"""The parts of a running workspace, in one place, for those who answer requests."""

from dataclasses import dataclass

from bot.workspace.channels import Channel
from bot.workspace.delivery import Delivery
from bot.workspace.http_events import HttpEvents
from bot.workspace.limits import Limits
from bot.workspace.log import Log
from bot.workspace.settings import Settings
from bot.workspace.sockets import Sockets
from bot.workspace.state import Workspace
from bot.workspace.switches import Switches
from bot.workspace.tickets import Tickets

_RESPONSE_USES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the answer to a command or a click goes: what a response_url stands for."""

    channel: Channel
    person: str
    ts: str | None = None
    ephemeral: bool = False
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """All parts of one running workspace."""

    workspace: Workspace
    settings: Settings
    limits: Limits
    switches: Switches
    log: Log
    sockets: Sockets
    http: HttpEvents | None
    delivery: Delivery
    triggers: Tickets[str]
    """trigger_id to the person who acted."""
    responses: Tickets[Destination]

    def response_url(self, destination: Destination) -> str:
        """Return a fresh response_url."""
        return f"{self.workspace.url}/response/{self.responses.issue(destination)}"


def assemble(workspace: Workspace, settings: Settings) -> Platform:
    """Build the parts: the one place that knows them all."""
    switches, log = Switches(), Log()
    sockets = Sockets(workspace, settings, switches)
    http = HttpEvents(workspace, settings, settings.request_url) if settings.request_url else None
    workspace.mode = "http" if http else "socket"
    clock = workspace.clock
    return Platform(
        workspace=workspace,
        settings=settings,
        limits=Limits(clock, enabled=settings.rate_limits),
        switches=switches,
        log=log,
        sockets=sockets,
        http=http,
        delivery=Delivery(http or sockets, settings=settings, switches=switches, log=log, clock=clock),
        triggers=Tickets(clock, seconds=settings.trigger_seconds),
        responses=Tickets(clock, seconds=settings.response_url_seconds, uses=_RESPONSE_USES),
    )
