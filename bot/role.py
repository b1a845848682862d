"""What one process of Estiva does: everything, or one half of it when several share a PostgreSQL."""

from enum import StrEnum


class Role(StrEnum):
    """The name is the command that starts it: `estiva serve`, `estiva web`, `estiva worker`."""

    SERVE = "serve"
    """Everything in one process, on SQLite or PostgreSQL."""
    WEB = "web"
    """Slack and HTTP: takes in, answers, tells. Starts no action."""
    WORKER = "worker"
    """The engine: brings runs to their end. Speaks to nobody."""

    @property
    def speaks(self) -> bool:
        """Whether it takes part in the conversation."""
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        """Whether it runs actions."""
        return self is not Role.WEB

    @property
    def alone(self) -> bool:
        """Whether it can be the only process."""
        return self is Role.SERVE
