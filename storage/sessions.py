"""What PostgreSQL is told about our connections, so that a process that is frozen or cut off holds nobody up.

The server ends such a connection by its own clock, and with it the transaction and every row that it had locked.
"""

from typing import Any

FROZEN_SECONDS = 10
"""After this long without a word, a process counts as frozen or gone."""

WATCHED = (
    f"-c idle_in_transaction_session_timeout={FROZEN_SECONDS}s -c tcp_user_timeout={FROZEN_SECONDS}s "
    "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
)
"""Options of a session (libpq's `options`)."""

WATCHING: dict[str, Any] = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""Arguments of libpq: we notice as well when the server is gone."""
