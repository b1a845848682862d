"""What `estiva parse --as` says of the policy: channels, words, further rights and whole places count."""

from dataclasses import replace

import pytest

from bot.cli.parse import read_message
from storage.model.catalog import Grant
from tests.commands.catalogs import TEAM

OPS = "C0OPS"
CATALOG = replace(
    TEAM,
    grants=(
        Grant(who=("UANA",), may=("deploy",), environments=("homolog",), channels=(OPS, "direct")),
        Grant(who=("URUI",), may=("deploy",), environments=("*",), arguments={"ref": ("main", "v*")}),
        Grant(who=("UZOE",), may=("deploy", "force"), environments=("homolog",)),
        Grant(who=("UZOE",), may=("lock",), services=("api",), environments=("homolog",)),
        Grant(who=("URUI",), may=("lock", "settings"), environments=("homolog",)),
    ),
)
FORCED = "deploy --force api to homolog because checkout is down"


@pytest.mark.parametrize(
    ("user", "channel", "message", "refusal"),
    [
        ("UANA", OPS, "deploy api to homolog", ""),
        ("UANA", "direct", "deploy api to homolog", ""),
        ("UANA", None, "deploy api to homolog", ""),
        ("UANA", "C0RANDOM", "deploy api to homolog", "not allowed: channel (only C0OPS, direct)"),
        ("URUI", None, "deploy api@main to homolog", ""),
        ("URUI", None, "deploy api@feature/x to homolog", "not allowed: argument (only main, v*)"),
        ("URUI", None, "deploy api@main, web@feature/x to homolog", "not allowed: argument (only main, v*)"),
        ("UZOE", None, FORCED, ""),
        ("UANA", None, FORCED, "not allowed to force: no_grant"),
        ("UZOE", None, "lock api in homolog", ""),
        ("UZOE", None, "lock homolog", "not allowed: no_grant"),
        ("URUI", None, "lock homolog", ""),
        ("URUI", None, "settings channel language english", "not allowed to channel-settings: no_grant"),
        ("UEVA", None, "lock homolog", "not allowed: unknown_person"),
    ],
)
def test_the_policy_is_asked_as_the_bot_asks_it(user: str, channel: str | None, message: str, refusal: str) -> None:
    read = read_message(message, CATALOG, user, channel)
    assert (read["outcome"], read["message"]) == ("refused" if refusal else "command", refusal)


def test_that_groups_do_not_count_is_said() -> None:
    grouped = replace(CATALOG, grants=(Grant(who=("group:S0OPS",), may=("deploy",), environments=("homolog",)),))
    assert "groups do not count here" in str(read_message("deploy api to homolog", grouped, "UANA")["message"])
