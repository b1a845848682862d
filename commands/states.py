"""What states, decisions and triggers are called in sentences and tables. Their values are the message ids."""

from commands.texts import later

WORDS = (
    # of runs
    later("requested"),
    later("waiting"),
    later("running"),
    later("succeeded"),
    later("failed"),
    later("cancelled"),
    later("broken"),
    # of approvals
    later("pending"),
    later("approved"),
    later("rejected"),
    later("expired"),
    # why a run exists
    later("deploy"),
    later("promote"),
    later("rollback"),
    later("retry"),
    later("redeploy"),
    later("restart"),
    later("scale"),
    later("infra"),
    later("rerun"),
)
